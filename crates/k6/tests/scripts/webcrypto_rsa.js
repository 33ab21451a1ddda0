// crypto.subtle: RSA-PSS, RSASSA-PKCS1-v1_5 and RSA-OAEP round trips.
import { check } from 'k6';
const bytes = (s) => new Uint8Array(Array.from(s).map((c) => c.charCodeAt(0)));
const text = (b) => String.fromCharCode(...new Uint8Array(b));
const subtle = crypto.subtle;
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
const generate = (name, usages) => subtle.generateKey({ name, modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, usages);
export default async function () {
  for (const params of [{ name: 'RSA-PSS', saltLength: 32 }, { name: 'RSASSA-PKCS1-v1_5' }]) {
    const pair = await generate(params.name, ['sign', 'verify']);
    const signature = await subtle.sign(params, pair.privateKey, bytes('m'));
    const verified = [await subtle.verify(params, pair.publicKey, signature, bytes('m')), await subtle.verify(params, pair.publicKey, signature, bytes('n')), await subtle.verify(params, pair.publicKey, bytes('x'), bytes('m'))];
    const jwk = await subtle.exportKey('jwk', pair.publicKey);
    const own = await subtle.exportKey('jwk', pair.privateKey);
    const spki = await subtle.exportKey('spki', pair.publicKey);
    const again = await subtle.importKey('spki', spki, { name: params.name, hash: 'SHA-256' }, true, ['verify']);
    const imported = await subtle.verify(params, again, signature, bytes('m'));
    check(pair.publicKey, {
      'algorithm': (k) => k.algorithm.name === params.name && k.algorithm.modulusLength === 1024 && k.algorithm.hash.name === 'SHA-256',
      'usages': (k) => k.usages.join() === 'verify' && pair.privateKey.usages.join() === 'sign',
      'verified': () => signature.byteLength === 128 && verified.join() === 'true,false,false' && imported === true,
      'jwk': () => Object.keys(jwk).sort().join() === 'e,kty,n' && jwk.e === 'AQAB' && jwk.kty === 'RSA' && Object.keys(own).sort().join() === 'd,dp,dq,e,kty,n,p,q,qi',
      'spki': () => spki.byteLength === 162,
    });
  }
  const pair = await generate('RSA-OAEP', ['encrypt', 'decrypt']);
  const seal = (label) => subtle.encrypt({ name: 'RSA-OAEP', label }, pair.publicKey, bytes('hi'));
  const sealed = await subtle.encrypt({ name: 'RSA-OAEP' }, pair.publicKey, bytes('hi'));
  const opened = await subtle.decrypt({ name: 'RSA-OAEP' }, pair.privateKey, sealed);
  const labelled = await subtle.decrypt({ name: 'RSA-OAEP', label: bytes('a') }, pair.privateKey, await seal(bytes('a')));
  const other = await fails(async () => subtle.decrypt({ name: 'RSA-OAEP', label: bytes('b') }, pair.privateKey, await seal(bytes('a'))));
  const long = await fails(() => subtle.encrypt({ name: 'RSA-OAEP' }, pair.publicKey, new Uint8Array(100)));
  const salt = await fails(async () => subtle.sign('RSA-PSS', (await generate('RSA-PSS', ['sign'])).privateKey, bytes('m')));
  const raw = await fails(() => subtle.exportKey('raw', pair.publicKey));
  check(sealed, {
    'OAEP round trip': (c) => c.byteLength === 128 && text(opened) === 'hi' && text(labelled) === 'hi',
    'other label': () => other === 'OperationError: could not decrypt data: crypto/rsa: decryption error',
    'too long': () => long === 'OperationError: could not encrypt data: crypto/rsa: message too long for RSA key size',
    'salt length is required': () => salt === 'SyntaxError: could not get saltLength from algorithm parameter',
    'no raw export': () => raw === 'NotSupportedError: unsupported key format raw',
  });
}
