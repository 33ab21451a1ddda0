// An iteration is over when its timers are.
import { setTimeout, setInterval, clearInterval } from 'k6/timers';
import { Counter } from 'k6/metrics';
const ticks = new Counter('ticks'), once = new Counter('once');
export const options = { iterations: 2 };
export default function () {
  setTimeout((n) => once.add(n), 10, 5);
  let left = 3;
  const timer = setInterval(() => { ticks.add(1); if (--left === 0) clearInterval(timer); }, 5);
}
