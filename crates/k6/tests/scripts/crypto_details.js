// k6/crypto: hash objects, types of input, hexEncode, randomBytes, error messages.
import { createHash, createHMAC, hexEncode, hmac, md5, randomBytes } from 'k6/crypto';
import { check } from 'k6';
const error = (f) => { try { return `got ${f()}`; } catch (e) { return String(e); } };
export default function () {
  const hash = createHash('sha256');
  const updated = hash.update('a');
  hash.update(new Uint8Array([98]));
  const ab = [hash.digest('hex'), hash.digest('hex')];
  hash.update('c');
  const hi = new Uint8Array([104, 105]);
  const inputs = [[104], 5, null, undefined, {}, true, new Uint16Array([104]), new DataView(new ArrayBuffer(2))];
  const types = '[]interface {},int64,<nil>,<nil>,map[string]interface {},bool,[]uint16,map[string]interface {}';
  const typesOf = (f, prefix) => inputs.map((i) => error(() => f(i)).replace(prefix, '').replace(', expected string, []byte or ArrayBuffer', '')).join();
  check(hash, {
    'update returns nothing': () => updated === undefined,
    'digest twice': () => ab[0] === 'fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603' && ab[1] === ab[0],
    'update after digest goes on': (h) => h.digest('hex') === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    'methods': (h) => Object.keys(h).sort().join() === 'digest,update',
    'bytes': () => md5('hi', 'hex') === '49f68a5c8493ec2c0bf489821c21fc3b' && md5(hi, 'hex') === md5('hi', 'hex') && md5(hi.buffer, 'hex') === md5('hi', 'hex'),
    'part of a buffer': () => md5(new Uint8Array([1, 104, 105]).subarray(1), 'hex') === md5('hi', 'hex'),
    'other types': () => typesOf((i) => md5(i, 'hex'), 'GoError: md5 failed: invalid type ') === types,
    'hexEncode': () => hexEncode('žluť') === 'c5be6c75c5a5' && hexEncode(hi) === '6869' && hexEncode(hi.buffer) === '6869' && hexEncode('') === '',
    'hexEncode of other types': () => typesOf(hexEncode, 'GoError: invalid type ') === types,
    'half a surrogate pair': () => hexEncode('\ud800') === 'efbfbd',
    'keys of HMAC': () => hmac('md5', hi, 'x', 'hex') === 'b5a87220123cdf01148e59fd52acef1a' && typesOf((i) => hmac('md5', i, 'x', 'hex'), 'GoError: invalid type ') === types,
    'output encoding': () => ['HEX', '', undefined, 'latin1'].map((e) => error(() => md5('b', e))).join() === ['HEX', '', '', 'latin1'].map((e) => `GoError: invalid output encoding: ${e}`).join(),
    'unknown HMAC': () => error(() => hmac('nope', 'k', 'd', 'hex')) === 'GoError: invalid algorithm: nope' && error(() => createHMAC('SHA256', 'k')) === 'GoError: invalid algorithm: SHA256',
    'no key': () => error(() => createHMAC('sha256')) === 'GoError: invalid type <nil>, expected string, []byte or ArrayBuffer',
    'randomBytes': () => randomBytes(3) instanceof ArrayBuffer && [1, 16, '3', 2.7].map((n) => randomBytes(n).byteLength).join() === '1,16,3,2',
    'randomBytes of a bad size': () => [0, -1, null, undefined, 'x'].every((n) => error(() => randomBytes(n)) === 'GoError: invalid size'),
  });
}
