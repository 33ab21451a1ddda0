// Timers: order, arguments, nesting, clearing, and promises' reactions between them.
import { check } from 'k6';
import timers, { setTimeout as imported } from 'k6/timers';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const error = (f) => { try { return typeof f(); } catch (e) { return String(e); } };
export default async function () {
  const seen = [];
  const first = setTimeout(() => seen.push('zero'), 0);
  const second = setTimeout((a, b) => seen.push(`arguments ${a} ${b}`), 40, 1, 'x');
  setTimeout(function () { seen.push(`none ${arguments.length}`); }, 70);
  const interval = setInterval((x) => { seen.push(`interval ${x}`); if (seen.filter((s) => s === `interval ${x}`).length === 2) clearInterval(interval); }, 100, 9);
  clearTimeout(setTimeout(() => seen.push('never'), 1));
  clearTimeout(setInterval(() => seen.push('never'), 1)); // either clears both kinds
  clearInterval(setTimeout(() => seen.push('never'), 1));
  const clears = [undefined, null, 'x', 99999].map((id) => error(() => clearTimeout(id)));
  setTimeout(() => { seen.push('a'); Promise.resolve().then(() => seen.push('after a')); }, 0);
  setTimeout(() => seen.push('b'));
  setTimeout(() => { seen.push('outer'); setTimeout(() => seen.push('inner')); Promise.resolve().then(() => seen.push('after outer')); }, 140);
  Promise.resolve().then(() => seen.push('micro 1')).then(() => seen.push('micro 2'));
  seen.push('sync');
  await null;
  seen.push('after await');
  await new Promise((resolve) => setTimeout(resolve, 280));
  check(seen, {
    'order': (s) => same(s, ['sync', 'micro 1', 'after await', 'micro 2', 'zero', 'a', 'after a', 'b', 'arguments 1 x', 'none 0', 'interval 9', 'outer', 'after outer', 'inner', 'interval 9']),
    'ids are numbers counting up': () => typeof first === 'number' && second === first + 1 && interval === first + 3,
    'clearing anything does nothing': () => clears.join() === 'undefined,undefined,undefined,undefined',
    'no function': () => error(() => setTimeout('x', 1)) === 'TypeError: could not convert function call parameter 0: could not convert x to sobek.Callable',
    'nothing': () => error(() => setTimeout()) === "GoError: setTimeout's callback isn't a callable function" && error(() => setInterval(null, 1)) === "GoError: setInterval's callback isn't a callable function",
    'odd delays': () => [-5, null, NaN, 'x', '5', {}].every((delay) => error(() => setTimeout(() => 0, delay)) === 'number'),
    'the module': () => imported === setTimeout && timers.clearInterval === clearInterval && Object.keys(timers).sort().join() === 'clearInterval,clearTimeout,setInterval,setTimeout',
  });
}
