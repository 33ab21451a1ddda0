// k6/encoding: all variants, format 's' and binary, wrong input; there is no TextEncoder, atob or the like.
import encoding, { b64encode, b64decode } from 'k6/encoding';
import { check } from 'k6';
const error = (f) => { try { return `got ${f()}`; } catch (e) { return String(e); } };
const bad = (at) => `GoError: illegal base64 data at input byte ${at}`;
export default function () {
  const text = 'a>?b~~ÿ';
  const variants = ['std', 'rawstd', 'url', 'rawurl', undefined, 'nope', 'STD'];
  const encoded = ['YT4/Yn5+w78=', 'YT4/Yn5+w78', 'YT4_Yn5-w78=', 'YT4_Yn5-w78', 'YT4/Yn5+w78=', 'YT4/Yn5+w78=', 'YT4/Yn5+w78='];
  check(b64decode('aGk='), {
    'encoded': () => variants.map((v) => b64encode(text, v)).join() === encoded.join(),
    'decoded': () => variants.every((v, i) => b64decode(encoded[i], v, 's') === text),
    'an ArrayBuffer without format': (d) => d instanceof ArrayBuffer && new Uint8Array(d).join() === '104,105',
    'and with any other format': () => b64decode('aGk=', 'std', 'S').byteLength === 2 && b64decode('aGk=', 'std', 'b').byteLength === 2,
    'bytes': () => b64encode(new Uint8Array([104, 105])) === 'aGk=' && b64encode(new Uint8Array([104, 105]).buffer, 'rawstd') === 'aGk' && b64encode('\u0000') === 'AA==' && b64encode('') === '',
    'invalid UTF-8': () => b64decode('/w==', 'std', 's') === '\ufffd',
    'new lines are skipped': () => b64decode('aG\nk=', 'std', 's') === 'hi',
    'nothing': () => b64decode('', 'std', 's') === '' && b64decode(undefined, 'std', 's') === '' && b64decode(undefined).byteLength === 0,
    'wrong characters': () => error(() => b64decode('!!', 'std', 's')) === bad(0) && error(() => b64decode(encoded[3], 'std', 's')) === bad(3),
    'wrong padding': () => error(() => b64decode('aGk', 'std', 's')) === bad(0) && error(() => b64decode(encoded[0], 'rawstd', 's')) === bad(11) && error(() => b64decode(encoded[3], 'url', 's')) === bad(8),
    'other types': () => error(() => b64encode()) === 'GoError: invalid type <nil>, expected string, []byte or ArrayBuffer' && error(() => b64encode([1])) === 'GoError: invalid type []interface {}, expected string, []byte or ArrayBuffer',
    'names': () => Object.keys(encoding).sort().join() === 'b64decode,b64encode',
  });
}
