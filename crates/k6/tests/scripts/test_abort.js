// A script may end the run.
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
const n = new Counter('n');
export const options = { iterations: 100 };
export default function () {
  n.add(1);
  if (exec.scenario.iterationInTest === 2) exec.test.abort('enough');
}
