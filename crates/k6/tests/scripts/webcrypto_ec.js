// crypto.subtle: ECDSA and ECDH: generate, sign, verify, derive, and the forms keys are exported in.
import { check } from 'k6';
const bytes = (s) => new Uint8Array(Array.from(s).map((c) => c.charCodeAt(0)));
const subtle = crypto.subtle;
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
const sizes = { 'P-256': [64, 65, 91], 'P-384': [96, 97, 120], 'P-521': [132, 133, 158] };
export default async function () {
  const params = { name: 'ECDSA', hash: 'SHA-256' };
  for (const [namedCurve, expected] of Object.entries(sizes)) {
    const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);
    const signature = await subtle.sign(params, pair.privateKey, bytes('m'));
    const verified = [await subtle.verify(params, pair.publicKey, signature, bytes('m')), await subtle.verify(params, pair.publicKey, signature, bytes('n')), await subtle.verify(params, pair.publicKey, bytes('x'), bytes('m'))];
    const raw = await subtle.exportKey('raw', pair.publicKey);
    const spki = await subtle.exportKey('spki', pair.publicKey);
    const jwk = await subtle.exportKey('jwk', pair.privateKey);
    const again = await subtle.importKey('raw', raw, { name: 'ECDSA', namedCurve }, true, ['verify']);
    const imported = await subtle.verify(params, again, signature, bytes('m'));
    const wrong = await fails(() => subtle.sign(params, pair.publicKey, bytes('m')));
    check(pair, {
      'keys': (p) => p.privateKey.type === 'private' && p.publicKey.type === 'public' && p.privateKey.usages.join() === 'sign' && p.publicKey.usages.join() === 'verify',
      'algorithm': (p) => p.publicKey.algorithm.name === 'ECDSA' && String(p.publicKey.algorithm.namedCurve) === namedCurve,
      'sizes': () => [signature, raw, spki].map((b) => b.byteLength).join() === expected.join(),
      'verified': () => verified.join() === 'true,false,false' && imported === true,
      'jwk has no ext and key_ops': () => Object.keys(jwk).sort().join() === 'crv,d,kty,x,y' && jwk.kty === 'EC' && jwk.crv === namedCurve,
      'usage': () => wrong === "InvalidAccessError: key does not contain the 'sign' usage",
    });
  }
  const generate = (usages) => subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, usages);
  const a = await generate(['deriveBits', 'deriveKey']);
  const b = await generate(['deriveBits']);
  const derive = async (mine, other, length) => new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: other.publicKey }, mine.privateKey, length)).join();
  const [ab, ba, half, all] = [await derive(a, b, 256), await derive(b, a, 256), await derive(a, b, 128), await derive(a, b, null)];
  const long = await fails(() => derive(a, b, 512));
  const curve = await fails(() => subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-111' }, true, ['sign']));
  const key = await fails(() => subtle.deriveBits({ name: 'ECDH', public: a.privateKey }, b.privateKey, 256));
  check(ab, {
    'both derive the same': () => ab === ba && ab.split(',').length === 32,
    'part and all': () => ab.startsWith(half) && half.split(',').length === 16 && all === ab,
    'usages of the public key': () => a.publicKey.usages.length === 0 && a.privateKey.usages.join() === 'deriveBits,deriveKey',
    'too long': () => long === 'OperationError: length is too large',
    'unknown curve': () => curve === 'NotSupportedError: elliptic curve P-111 is not supported',
    'not a public key': () => key === "InvalidAccessError: algorithm's public key is not a public key",
  });
}
