// An exception in a timer or a rejected promise ends the iteration and stops its other timers; each is logged, iterations count.
import { check } from 'k6';
export const options = { iterations: 7 };
const never = () => { throw new Error('must not run'); };
export default function () {
  switch (__ITER) {
    case 0: check(null, { 'rejected': true }); setTimeout(never, 60); return Promise.reject(new Error('0 returned'));
    case 1: Promise.reject('1 a string'); break;
    case 2: setTimeout(never, 60); setTimeout(() => { check(null, { 'in a timer': true }); throw new TypeError('2 thrown'); }, 10); break;
    case 3: setTimeout(never, 60); setTimeout(async () => { check(null, { 'async in a timer': true }); await null; throw new RangeError('3 rejected'); }, 10); break;
    case 4: { const p = Promise.reject(new Error('4 caught in time')); p.catch((e) => check(e, { 'caught': (x) => x.message === '4 caught in time' })); break; }
    case 5: { setInterval(never, 60); check(null, { 'an unresolved promise ends nothing': true }); throw new Error('5 sync'); }
    default: check(null, { 'last': true }); return new Promise(() => 0); // never resolved: the iteration just ends
  }
}
