// What k6 1.1 did not have yet: PBKDF2, and keys derived from others. Known answers by RFC 6070.
import { check } from 'k6';

const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
const bytes = (text) => new TextEncoder().encode(text);

export default async function () {
  const { subtle } = crypto;
  const params = { name: 'PBKDF2', hash: 'SHA-1', salt: bytes('salt'), iterations: 2 };
  const secret = await subtle.importKey('raw', bytes('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey']);
  const bits = await subtle.deriveBits(params, secret, 160);
  const key = await subtle.deriveKey(params, secret, { name: 'AES-GCM', length: 128 }, true, ['encrypt', 'decrypt']);
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, bytes('text'));
  const opened = await subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, sealed);
  check(bits, {
    'bits': (b) => hex(b) === 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957',
    'a key': () => key.algorithm.length === 128 && hex(opened) === hex(bytes('text')),
  });
}
