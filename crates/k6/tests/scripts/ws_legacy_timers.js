// k6/ws: socket.setTimeout and setInterval run inside connect; they stop at close; bad periods throw.
import ws from 'k6/ws';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default function () {
  const url = `${__ENV.BASE.replace('http', 'ws')}/ws`;
  const seen = [];
  const bad = [];
  const closed = [];
  ws.connect(url, (s) => {
    let ticks = 0;
    s.setInterval(() => { ticks += 1; seen.push(`tick ${ticks}`); if (ticks === 2) s.close(1000); }, 200);
    s.setTimeout(function () { seen.push(`timeout ${arguments.length}`); }, 90);
    s.setTimeout(() => seen.push('sooner'), 20);
    s.setTimeout(() => seen.push('never'), 700);
    s.on('close', () => seen.push('close'));
    bad.push(error(() => s.setTimeout(() => 0, 0)), error(() => s.setTimeout(() => 0)), error(() => s.setInterval(() => 0, -1)), error(() => s.setTimeout('x', 5)));
    seen.push('setup');
  });
  seen.push('after');
  const thrown = error(() => ws.connect(url, (s) => {
    s.on('close', (code) => closed.push(code));
    s.setTimeout(() => { throw new Error('from the timer'); }, 10);
  }));
  check(seen, {
    'order': (v) => same(v, ['setup', 'sooner', 'timeout 0', 'tick 1', 'tick 2', 'close', 'after']),
    'zero timeout': () => bad[0] === 'GoError: setTimeout requires a >0 timeout parameter, received 0.00',
    'missing timeout': () => bad[1] === bad[0],
    'negative interval': () => bad[2] === 'GoError: setInterval requires a >0 timeout parameter, received -1.00',
    'no function': () => bad[3] === 'TypeError: could not convert function call parameter 0: could not convert x to sobek.Callable',
    'an exception in a timer comes out of connect': () => thrown === 'Error: from the timer',
    'and closes with 1001': () => same(closed, [1001]),
  });
}
