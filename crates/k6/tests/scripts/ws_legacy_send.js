// k6/ws: what send and sendBinary make of other types, and their errors.
import ws from 'k6/ws';
import { check } from 'k6';
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default function () {
  const got = [];
  const errors = [];
  ws.connect(`${__ENV.BASE.replace('http', 'ws')}/ws`, (s) => {
    s.on('open', () => {
      s.send(); s.send(12); s.send({ a: 1 }); s.send(null);  s.send('žluť\u0000'); s.send([1, 2]);
      s.sendBinary(new ArrayBuffer(0));
      for (const value of ['x', null, undefined, new Uint8Array(2), 5, {}]) errors.push(error(() => s.sendBinary(value)));
      errors.push(error(() => s.sendBinary()));
    });
    s.on('message', (m) => got.push(m));
    s.on('binaryMessage', (b) => { got.push(b.byteLength); s.close(1000); });
  });
  const expected = (type) => `GoError: expected ArrayBuffer as argument, received: ${type}`;
  check(got, {
    'nothing is an empty message': (v) => v[0] === '',
    'a number': (v) => v[1] === '12',
    'an object': (v) => v[2] === '[object Object]',
    'null': (v) => v[3] === '',
    'unicode': (v) => v[4] === 'žluť\u0000',
    'an array': (v) => v[5] === '1,2',
    'empty binary': (v) => v[6] === 0 && v.length === 7,
    'only an ArrayBuffer is binary': () => errors.slice(0, 6).join() === ['String', 'null', 'undefined', 'Uint8Array', 'Number', 'Object'].map(expected).join(),
    'no argument': () => errors[6] === 'GoError: missing argument, expected ArrayBuffer',
  });
}
