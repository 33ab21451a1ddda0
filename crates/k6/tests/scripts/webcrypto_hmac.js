// crypto.subtle: HMAC: exact signatures, verify, key objects, export, generated lengths and errors.
import { check } from 'k6';
const hex = (b) => Array.from(new Uint8Array(b)).map((x) => x.toString(16).padStart(2, '0')).join('');
const bytes = (s) => new Uint8Array(Array.from(s).map((c) => c.charCodeAt(0)));
const subtle = crypto.subtle;
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
const load = (hash, usages = ['sign', 'verify'], key = 'key') => subtle.importKey('raw', bytes(key), { name: 'HMAC', hash }, true, usages);
const known = {
  'SHA-1': ['102900b72b7bf1031eec76b4804b66052376896b', 512, 'HS1'],
  'SHA-256': ['2d93cbc1be167bcb1637a4a23cbff01a7878f0c50ee833954ea5221bb1b8c628', 512, 'HS256'],
  'SHA-384': ['3bba95ff38376a129225ec5430dd3aff6ac7b7acdb829a4af35f33f8c6ddbbf9d85fb31f8b20316db93aedd08a816cfa', 1024, 'HS384'],
  'SHA-512': ['1e4b55b925ccc28ed90d9d18fc2393fcbe164c0d84e67e173cc5aa486b7afc106633c66bdc309076f5f8d9fdbbb62456f894f2c23377fbcc12f4ab2940eb6d70', 1024, 'HS512'],
};
export default async function () {
  for (const [hash, [expected, length, alg]] of Object.entries(known)) {
    const key = await load(hash);
    const signature = await subtle.sign('HMAC', key, bytes('msg'));
    const right = await subtle.verify({ name: 'hmac' }, key, signature, bytes('msg'));
    const wrong = [await subtle.verify('HMAC', key, signature, bytes('msh')), await subtle.verify('HMAC', key, bytes('x'), bytes('msg'))];
    const jwk = await subtle.exportKey('jwk', key);
    const raw = await subtle.exportKey('raw', key);
    const generated = await subtle.generateKey({ name: 'HMAC', hash }, true, ['sign']);
    check(key, {
      'signature': () => signature instanceof ArrayBuffer && hex(signature) === expected,
      'verified': () => right === true && wrong.join() === 'false,false',
      'key': (k) => k.type === 'secret' && k.algorithm.name === 'HMAC' && k.algorithm.hash.name === hash && k.algorithm.length === 24,
      'jwk': () => jwk.k === 'a2V5' && jwk.kty === 'oct' && jwk.alg === alg && jwk.ext === true && jwk.key_ops.join() === 'sign,verify',
      'raw': () => hex(raw) === '6b6579',
      'generated length is the block size': () => generated.algorithm.length === length,
    });
  }
  const errors = {
    'NotSupportedError: algorithm "MD5" doesn\'t support (in implementation) operation "generateKey"': await fails(() => load('MD5')),
    'SyntaxError: could not get hash from algorithm parameter': await fails(() => subtle.importKey('raw', bytes('key'), 'HMAC', true, ['sign'])),
    'SyntaxError: invalid key usage: encrypt': await fails(() => load('SHA-1', ['encrypt'])),
    'DataError: key length cannot be 0': await fails(() => load('SHA-1', ['sign'], '')),
    "InvalidAccessError: key does not contain the 'sign' usage": await fails(async () => subtle.sign('HMAC', await load('SHA-1', ['verify']), bytes('x'))),
  };
  for (const [message, got] of Object.entries(errors)) check(got, { [message]: (m) => m === message });
}
