// Tags that samples are given without asking, chosen; what a script gives itself is always there.
import http from 'k6/http';
import { check, group } from 'k6';
import { Counter } from 'k6/metrics';

export const options = {
  systemTags: ['status', 'name', 'ip', 'check'],
  thresholds: {
    'http_reqs{status:200}': ['count==2'],
    'http_reqs{method:GET}': ['count==0'],
    'http_reqs{method:own}': ['count==1'],
    'http_reqs{ip:127.0.0.1}': ['count==2'],
    'http_reqs{group:::inner}': ['count==0'],
    'checks{check:is there}': ['rate==1'],
    'mine{kind:a}': ['count==1'],
  },
};

const mine = new Counter('mine');

export default function () {
  group('inner', () => {
    check(http.get(`${__ENV.BASE}/echo`), { 'is there': (r) => r.status === 200 });
    http.get(`${__ENV.BASE}/echo`, { tags: { method: 'own' } });
    mine.add(1, { kind: 'a' });
  });
}
