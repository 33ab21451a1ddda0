// crypto.subtle: AES in CBC, CTR and GCM with fixed keys: exact ciphertexts and back again.
import { check } from 'k6';
const hex = (b) => Array.from(new Uint8Array(b)).map((x) => x.toString(16).padStart(2, '0')).join('');
const bytes = (s) => new Uint8Array(Array.from(s).map((c) => c.charCodeAt(0)));
const seq = (n) => new Uint8Array(n).map((_, i) => i);
const subtle = crypto.subtle;
const iv = seq(12);
const cases = [
  [{ name: 'AES-CBC', iv: seq(16) }, 16, 'hello', '1dfe836df70e89310a970a31fa3351fd'],
  [{ name: 'AES-CBC', iv: seq(16) }, 32, 'hello', '7fd12dafb7e9599d0b849ad8c2e3c21f'],
  [{ name: 'AES-CBC', iv: seq(16) }, 16, '0123456789abcdef', 'a1848c42bb8b5e1a46acd958ccfec54fa0b8c3327fd78f5ba3f75af79f4834b8'],
  [{ name: 'AES-CTR', counter: seq(16), length: 64 }, 16, 'hello', '62f167d92e'],
  [{ name: 'AES-CTR', counter: seq(16), length: 64 }, 16, '', ''],
  [{ name: 'AES-CTR', counter: new Uint8Array(16).fill(255), length: 8 }, 16, '\0'.repeat(48), '3c441f32ce07822364d7a2990e50bb13c6a13b37878f5b826f4f8162a1c8d8797346139595c0b41e497bbde365f42d0a'],
  [{ name: 'AES-GCM', iv }, 16, 'hello', 'fb09cba209892a5290e6a1cc5c447671d2fdb399f0'],
  [{ name: 'AES-GCM', iv }, 16, '', '435b9ba12d75a4be8a977ea3cd011890'],
  [{ name: 'AES-GCM', iv, additionalData: bytes('aad'), tagLength: 96 }, 16, 'hello', 'fb09cba209977841a36b7e50a33428ab4f'],
];
export default async function () {
  for (const [params, length, text, expected] of cases) {
    const key = await subtle.importKey('raw', seq(length), params.name, true, ['encrypt', 'decrypt']);
    const sealed = await subtle.encrypt(params, key, bytes(text));
    const opened = await subtle.decrypt(params, key, sealed);
    check(sealed, {
      'encrypted': (c) => hex(c) === expected,
      'is an ArrayBuffer': (c) => c instanceof ArrayBuffer && opened instanceof ArrayBuffer,
      'decrypted': () => hex(opened) === hex(bytes(text)),
      'length of the key': () => key.algorithm.length === length * 8,
    });
  }
}
