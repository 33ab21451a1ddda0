// crypto.subtle: AES keys: fields of the key object, export as raw and jwk, import of jwk, generateKey.
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (o) => Object.keys(o).sort().map((k) => `${k}=${o[k]}`).join(' ');
const seq = (n) => new Uint8Array(n).map((_, i) => i);
const subtle = crypto.subtle;
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
export default async function () {
  const key = await subtle.importKey('raw', seq(16), { name: 'aes-cbc' }, true, ['encrypt', 'decrypt', 'decrypt', 'wrapKey']);
  const gcm = await subtle.importKey('raw', seq(24), 'AES-GCM', false, ['decrypt']);
  const raw = await subtle.exportKey('raw', key);
  const jwk = await subtle.exportKey('jwk', key);
  const back = await subtle.importKey('jwk', jwk, 'AES-CBC', true, ['encrypt']);
  const generated = await subtle.generateKey({ name: 'AES-CTR', length: 256 }, true, ['encrypt']);
  const generatedRaw = await subtle.exportKey('raw', generated);
  const secret = await fails(() => subtle.exportKey('raw', gcm));
  const format = await fails(() => subtle.exportKey('spki', key));
  check(key, {
    'type': (k) => k.type === 'secret' && k.extractable === true && gcm.extractable === false,
    'usages are kept as given': (k) => same(k.usages, ['encrypt', 'decrypt', 'decrypt', 'wrapKey']) && same(gcm.usages, ['decrypt']),
    'name in upper case': (k) => k.algorithm.name === 'AES-CBC' && k.algorithm.length === 128 && gcm.algorithm.length === 192,
    'as string': (k) => String(k) === '[object Object]',
    'raw': () => raw instanceof ArrayBuffer && new Uint8Array(raw).join() === seq(16).join(),
    'jwk': () => sorted(jwk) === 'alg=A128CBC ext=true k=AAECAwQFBgcICQoLDA0ODw key_ops=encrypt,decrypt,decrypt,wrapKey kty=oct',
    'jwk imported': () => same(back.usages, ['encrypt']) && back.algorithm.length === 128,
    'generated': () => generated.algorithm.name === 'AES-CTR' && generated.algorithm.length === 256 && generatedRaw.byteLength === 32,
    'not extractable': () => secret === 'InvalidAccessError: the key is not extractable',
    'format for export': () => format === 'NotSupportedError: unsupported key format spki',
  });
}
