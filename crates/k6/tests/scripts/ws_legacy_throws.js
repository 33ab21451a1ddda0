// k6/ws: with the option throw a failed connection is an exception; exceptions in handlers come out of connect.
import ws from 'k6/ws';
import { check } from 'k6';
export const options = { throw: true };
const caught = (f) => { try { f(); return ['none']; } catch (e) { return [e.name, e.message, Object.keys(e).join()]; } };
export default function () {
  const base = __ENV.BASE.replace('http', 'ws');
  const codes = [];
  const inside = (where) => caught(() => ws.connect(`${base}/ws`, (s) => {
    s.on('close', (code) => codes.push(`${where} ${code}`));
    if (where === 'setup') throw new Error('in setup');
    s.on('open', () => { if (where === 'open') throw new TypeError('in open'); s.send('x'); });
    s.on('message', () => { throw new RangeError('in message'); });
  }));
  check(null, {
    'refused': () => caught(() => ws.connect('ws://127.0.0.1:1/ws', () => 0)).join('|') === 'GoError|dial tcp 127.0.0.1:1: connect: connection refused|value',
    '404': () => caught(() => ws.connect(`${base}/status/404`, () => 0)).join('|') === 'GoError|websocket: bad handshake|value',
    'in setup': () => inside('setup').join('|') === 'Error|in setup|',
    'in open': () => inside('open').join('|') === 'TypeError|in open|',
    'in message': () => inside('message').join('|') === 'RangeError|in message|',
    'each closes with 1001': () => codes.join() === 'setup 1001,open 1001,message 1001',
  });
}
