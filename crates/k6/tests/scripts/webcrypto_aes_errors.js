// crypto.subtle: what goes wrong with AES: the name and message of each rejection.
import { check } from 'k6';
const seq = (n) => new Uint8Array(n).map((_, i) => i);
const subtle = crypto.subtle;
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
const load = (name, length = 16, usages = ['encrypt', 'decrypt'], format = 'raw', data = seq(length)) => subtle.importKey(format, data, name, true, usages);
export default async function () {
  const cbc = await load('AES-CBC');
  const ctr = await load('AES-CTR');
  const gcm = await load('AES-GCM');
  const enc = (params, key) => () => subtle.encrypt(params, key, seq(5));
  const dec = (params, key, data) => () => subtle.decrypt(params, key, data);
  const iv = seq(16);
  const changed = new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv: seq(12) }, gcm, seq(5)));
  changed[0] ^= 1;
  const expected = [
    [() => load('AES-CBC', 15), 'DataError: invalid key length 15 bytes'],
    [() => load('AES-CBC', 16, []), 'SyntaxError: usages cannot not be empty for a secret or private CryptoKey'],
    [() => load('AES-CBC', 16, ['sign']), 'SyntaxError: invalid key usage: sign'],
    [() => load('AES-XYZ'), 'NotSupportedError: algorithm "AES-XYZ" doesn\'t support (in implementation) operation "importKey"'],
    [() => load('AES-CBC', 16, ['encrypt'], 'spki'), 'NotSupportedError: unsupported key format spki'],
    [() => load('AES-CBC', 16, ['encrypt'], 'zzz'), 'ImplementationError: unsupported format zzz'],
    [() => load('AES-CBC', 16, ['encrypt'], 'jwk', { kty: 'RSA', k: 'AAEC' }), 'DataError: invalid symmetric JWK: invalid key type: RSA'],
    [() => load('AES-CBC', 16, ['encrypt'], 'jwk', { kty: 'oct' }), 'DataError: invalid symmetric JWK: key (k) is required'],
    [() => subtle.generateKey({ name: 'AES-CBC', length: 100 }, true, ['encrypt']), 'OperationError: invalid key length'],
    [() => subtle.generateKey({ name: 'AES-CBC' }, true, ['encrypt']), 'SyntaxError: could not get length from algorithm parameter'],
    [() => subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['sign']), 'SyntaxError: invalid key usage'],
    [enc({ name: 'AES-CBC', iv: seq(15) }, cbc), 'OperationError: iv length is not 16 bytes'],
    [dec({ name: 'AES-CBC', iv: seq(15) }, cbc, seq(16)), 'OperationError: iv length is invalid, should be 16 bytes'],
    [dec({ name: 'AES-CBC', iv }, cbc, seq(16)), 'OperationError: invalid padding'],
    [() => subtle.encrypt({ name: 'AES-CBC', iv }, cbc, new ArrayBuffer(0)), 'OperationError: could not pad plaintext'],
    [() => subtle.encrypt({ name: 'AES-CBC', iv }, cbc, 'x'), 'OperationError: data is neither an ArrayBuffer, nor a TypedArray nor DataView'],
    [enc({ name: 'AES-GCM', iv: seq(12) }, cbc), "InvalidAccessError: encrypt's algorithm name does not match key algorithm name"],
    [enc('AES-CBC', cbc), 'SyntaxError: invalid algorithm parameters, unable to interpret as "" object'],
    [enc({ name: 'AES-CTR', counter: seq(15), length: 64 }, ctr), 'OperationError: counter length is not 16 bytes'],
    [enc({ name: 'AES-CTR', counter: iv, length: 0 }, ctr), 'OperationError: invalid counter length, out of the 0 < x < 128 bounds'],
    [enc({ name: 'AES-GCM', iv }, gcm), 'NotSupportedError: only 12 bytes long iv are supported'],
    [enc({ name: 'AES-GCM', iv: seq(12), tagLength: 5 }, gcm), 'OperationError: invalid tag length, should be one of 96, 104, 112, 120, 128'],
    [dec({ name: 'AES-GCM', iv: seq(12) }, gcm, changed), 'OperationError: could not decrypt ciphertext'],
    [dec({ name: 'AES-GCM', iv: seq(12) }, gcm, seq(3)), 'OperationError: ciphertext is too short'],
    [() => subtle.wrapKey('raw', cbc, cbc, { name: 'AES-CBC', iv }), 'GoError: not implemented'],
  ];
  for (const [f, message] of expected) {
    const got = await fails(f);
    check(got, { [message]: (m) => m === message });
  }
  const usage = await fails(async () => subtle.encrypt({ name: 'AES-CBC', iv }, await load('AES-CBC', 16, ['decrypt']), seq(1)));
  check(usage, { 'usage': (m) => m === "InvalidAccessError: encrypt's key does not contain the 'encrypt' usage" });
}
