// Users that have to leave are given so long to finish, and no longer.
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';

export const options = {
  scenarios: {
    down: { executor: 'ramping-vus', startVUs: 3, stages: [{ duration: '1s', target: 3 }, { duration: '0s', target: 0 }, { duration: '3s', target: 0 }], gracefulRampDown: '1s' },
  },
  thresholds: { begun: ['count==3'], finished: ['count==1'] },
};

const begun = new Counter('begun'), finished = new Counter('finished');

export default function () {
  begun.add(1);
  sleep(__VU % 3 === 0 ? 1.4 : 3);
  finished.add(1);
}
