// Digests and keyed digests in every form.
import crypto, { sha256, hmac, md5 } from 'k6/crypto';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  check(crypto, {
    'md5': () => md5('hello', 'hex') === '5d41402abc4b2a76b9719d911017c592',
    'sha256, base64': () => sha256('hello', 'base64') === 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
    'hmac': () => hmac('sha256', 'key', 'data', 'hex') === '5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0',
    'piece by piece': (c) => { const h = c.createHash('sha1'); h.update('hel'); h.update('lo'); return h.digest('hex') === 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'; },
    'keyed, piece by piece': (c) => { const h = c.createHMAC('sha512', 'key'); h.update('data'); return h.digest('base64rawurl').length === 86; },
    'binary': (c) => c.sha384('x', 'binary').byteLength === 48,
    'random bytes': (c) => c.randomBytes(12).byteLength === 12,
    'as hex': (c) => c.hexEncode('abc') === '616263',
    'others': (c) => [c.md4('a', 'hex').length, c.ripemd160('a', 'hex').length, c.sha512_224('a', 'hex').length, c.sha512_256('a', 'hex').length].join() === '32,40,56,64',
  });
}
