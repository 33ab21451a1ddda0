// Several scenarios: functions, environments, tags, start times.
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
const buys = new Counter('buys'), looks = new Counter('looks'), late = new Counter('late');
export const options = {
  scenarios: {
    buyers: { executor: 'per-vu-iterations', vus: 2, iterations: 3, exec: 'buy', env: { WHAT: 'tea' }, tags: { who: 'buyer' } },
    lookers: { executor: 'shared-iterations', vus: 2, iterations: 5, exec: 'look' },
    late: { executor: 'per-vu-iterations', vus: 1, iterations: 1, startTime: '1s', exec: 'arriveLate' },
  },
  thresholds: { 'buys{who:buyer}': ['count==6'], 'looks{scenario:lookers}': ['count==5'] },
};
export function buy() { buys.add(__ENV.WHAT === 'tea' && exec.scenario.name === 'buyers' ? 1 : 100); }
export function look() { looks.add(1); }
export function arriveLate() { late.add(exec.instance.currentTestRunDuration >= 1000 ? 1 : 100); }
