// crypto.subtle.digest: known answers, names in any case, inputs of other types, errors.
import { check } from 'k6';
const hex = (b) => Array.from(new Uint8Array(b)).map((x) => x.toString(16).padStart(2, '0')).join('');
const bytes = (s) => new Uint8Array(Array.from(s).map((c) => c.charCodeAt(0)));
async function digest(algorithm, data) {
  try { return hex(await crypto.subtle.digest(algorithm, data)); } catch (e) { return `${e}|${e instanceof Error}|${Object.keys(e)}`; }
}
export default async function () {
  const abc = bytes('abc');
  const done = crypto.subtle.digest('SHA-1', abc);
  abc[0] = 0; // too late: the data was copied
  const changed = hex(await done);
  const d = {};
  for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'sha-1', 'MD5', 'SHA256']) d[name] = await digest(name, bytes('abc'));
  const object = await digest({ name: 'sha-1' }, bytes('abc').buffer);
  const odd = { part: await digest('SHA-1', bytes('xabcx').subarray(1, 4)), wide: await digest('SHA-1', new Uint16Array([1])), empty: await digest('SHA-1', new ArrayBuffer(0)) };
  const bad = { string: await digest('SHA-1', 'abc'), array: await digest('SHA-1', [1]), null: await digest('SHA-1', null), view: await digest('SHA-1', new DataView(new ArrayBuffer(1))), number: await digest(5, abc), noname: await digest({}, abc) };
  const unsupported = (name) => `NotSupportedError: algorithm "${name}" doesn't support (in implementation) operation "digest"|false|name,message,error`;
  check(d, {
    'SHA-1': () => d['SHA-1'] === 'a9993e364706816aba3e25717850c26c9cd0d89d' && d['sha-1'] === d['SHA-1'] && object === d['SHA-1'],
    'SHA-256': () => d['SHA-256'] === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    'SHA-384': () => d['SHA-384'] === 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    'SHA-512': () => d['SHA-512'] === 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'the data is copied': () => changed === d['SHA-1'],
    'a view is taken with its whole buffer': () => odd.part === '8132efb823adfe5b39df544ac156590c4779ebb3',
    'wide elements and nothing': () => odd.wide === '0e356ba505631fbf715758bed27d503f8b260e3a' && odd.empty === 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'unknown algorithms': () => d.MD5 === unsupported('MD5') && d.SHA256 === unsupported('SHA256') && bad.noname === unsupported(''),
    'algorithm of another type': () => bad.number === 'SyntaxError: algorithm cannot be interpreted as a string or an object|false|name,message,error',
    'other data': () => bad.string === 'data must be an ArrayBuffer, TypedArray, or DataView|false|error' && bad.array === bad.string,
    'no data': () => bad.null === 'TypeError: Cannot convert undefined or null to object|true|',
    'a DataView does not do': () => bad.view === 'OperationError: data is neither an ArrayBuffer, nor a TypedArray nor DataView|false|name,message,error',
  });
}
