// crypto.getRandomValues and crypto.randomUUID: types, limits, errors; what there is in crypto.
import { check } from 'k6';
const error = (f) => { try { return String(f()); } catch (e) { return String(e); } };
export default function () {
  const fill = (Type) => { const a = new Type(32); return crypto.getRandomValues(a) === a && a.some((x) => x !== 0); };
  const wrong = "GoError: TypeMismatchError: typedArray parameter isn't a TypedArray instance";
  const part = new Uint8Array(96);
  crypto.getRandomValues(part.subarray(32, 64));
  check(null, {
    'fills and returns the array': () => [Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array].every(fill),
    'only the part of a view': () => !part.subarray(0, 32).some(Boolean) && part.subarray(32, 64).some(Boolean) && !part.subarray(64).some(Boolean),
    'no floats': () => error(() => fill(Float32Array)) === wrong && error(() => fill(Float64Array)) === wrong,
    'no big integers': () => error(() => crypto.getRandomValues(new BigInt64Array(1))) === wrong,
    'nothing else': () => [5, 'x', [1, 2], {}, new ArrayBuffer(4), new DataView(new ArrayBuffer(4))].every((v) => error(() => crypto.getRandomValues(v)) === wrong),
    'null': () => error(() => crypto.getRandomValues(null)) === 'TypeError: Cannot convert undefined or null to object',
    'at most 65536 bytes': () => crypto.getRandomValues(new Uint8Array(65536)).length === 65536,
    'not more': () => error(() => crypto.getRandomValues(new Uint8Array(65537))) === 'GoError: QuotaExceededError: typedArray parameter is too big; maximum length is 65536',
    'none': () => crypto.getRandomValues(new Uint8Array(0)).length === 0,
    'UUID version 4': () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()) && crypto.randomUUID() !== crypto.randomUUID(),
    'keys of crypto': () => Object.keys(crypto).join() === 'getRandomValues,randomUUID,subtle,CryptoKey',
    'methods of subtle': () => Object.keys(crypto.subtle).sort().join() === 'decrypt,deriveBits,deriveKey,digest,encrypt,exportKey,generateKey,importKey,sign,unwrapKey,verify,wrapKey',
    'read-only': () => error(() => { crypto.subtle = 5; }) === "TypeError: Cannot assign to read only property 'subtle'",
    'no global CryptoKey': () => typeof CryptoKey === 'undefined',
  });
}
