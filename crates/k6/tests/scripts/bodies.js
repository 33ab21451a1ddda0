// Bodies: forms of every kind of value, buffers, and what is no body.
import http from 'k6/http';
import { check } from 'k6';

const E = `${__ENV.BASE}/echo`;
const form = 'application/x-www-form-urlencoded';
const body = (b, type) => http.post(E, b, type ? { headers: { 'Content-Type': type } } : undefined).json('body');
const type = (b, given) => http.post(E, b, given ? { headers: given } : undefined).json('headers.content-type');

export default function () {
  const forms = [
    [{ b: 2, a: 1, c: 3 }, 'a=1&b=2&c=3'], [{ a: [1, 2, 'x'] }, 'a=1&a=2&a=x'], [{ a: [] }, ''], [{}, ''], [{ a: null, b: undefined }, 'a=%3Cnil%3E&b=%3Cnil%3E'],
    [{ a: true, b: false, n: 1.5, m: -3 }, 'a=true&b=false&m=-3&n=1.5'], [{ big: 1e21, inf: Infinity, nan: NaN }, 'big=1e%2B21&inf=%2BInf&nan=NaN'], [{ a: { b: 1 } }, 'a=map%5Bb%3A1%5D'],
    [{ a: { c: { d: 1 }, b: 'x' } }, 'a=map%5Bb%3Ax+c%3Amap%5Bd%3A1%5D%5D'], [{ a: [[1, 2], { x: 1 }, null] }, 'a=%5B1+2%5D&a=map%5Bx%3A1%5D&a=%3Cnil%3E'],
    [{ 'k y': 'v \u00e9&=+' }, 'k+y=v+%C3%A9%26%3D%2B'], [{ a: new Date(0) }, 'a=1970-01-01+00%3A00%3A00+%2B0000+UTC'], [{ a: new Uint8Array([65, 66]) }, 'a=%5B65+66%5D'],
  ];
  for (const [given, text] of forms) check(body(given), { [`form ${JSON.stringify(given)}`]: (b) => b === text });
  check(null, {
    types: () => type({ a: 1 }) === form && type({}) === form && type('text') === undefined && type(null) === undefined && type(new ArrayBuffer(1)) === undefined,
    'type by hand': () => type({ a: 1 }, { 'content-type': 'a/b' }) === 'a/b' && type('x', { 'Content-Type': 'c/d' }) === 'c/d' && body({ a: 1 }, 'application/json') === 'a=1',
    text: () => body('text') === 'text' && http.post(E, '\u00e9').json('body_bytes') === 2,
    buffers: () => body(new Uint8Array([65, 66]).buffer) === 'AB' && body(new Uint8Array([65, 66, 67])) === 'ABC' && body(new Uint8Array([65, 66, 67]).subarray(1, 2)) === 'B',
    'no body': () => [null, undefined].every((b) => http.post(E, b).json('headers.content-length') === '0') && http.post(E).json('body') === '',
    'get and delete with bodies': () => http.request('GET', E, 'b').json('body') === 'b' && http.del(E, { a: 1 }).json('body') === 'a=1' && http.options(E, 'x').json('body') === 'x',
  });
  const wrong = [[5, 'int64'], [1.5, 'float64'], [true, 'bool'], [[1, 2], '[]interface {}'], [new Date(0), 'time.Time'], [new Uint16Array(1), '[]uint16'], [http.file('d', 'n'), '*http.FileData']];
  for (const [given, name] of wrong) check(http.post(E, given), { [`no body: ${name}`]: (r) => r.status === 0 && r.error === `unknown request body type ${name}` && r.error_code === 0 && r.request === null });
}
