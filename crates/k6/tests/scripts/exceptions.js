// What an iteration throws ends that iteration and nothing else.
import { fail } from 'k6';
import { Counter } from 'k6/metrics';
const after = new Counter('after'), before = new Counter('before');
export const options = { iterations: 6 };
export default function () {
  before.add(1);
  if (__ITER % 3 === 0) throw new Error('on purpose');
  if (__ITER % 3 === 1) fail('asked for');
  after.add(1);
}
