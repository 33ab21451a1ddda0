// A login with what it brings used later, data from a list, think times, a summary of its own metrics.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import { SharedArray } from 'k6/data';
const people = new SharedArray('users', () => JSON.parse(open('./people.json')).people);
const logins = new Counter('logins'), failures = new Rate('login_failures'), flow = new Trend('flow_time', true);
export const options = {
  scenarios: { shoppers: { executor: 'per-vu-iterations', vus: 3, iterations: 2, maxDuration: '30s' } },
  thresholds: { login_failures: ['rate<0.01'], checks: ['rate>0.99'], 'http_req_duration{step:login}': ['p(95)<3000'], 'group_duration{group:::login}': ['avg<5000'] },
};
export default function () {
  const began = Date.now();
  const who = people[(__VU + __ITER) % people.length];
  const session = group('login', () => {
    const res = http.post(`${__ENV.BASE}/echo/login`, JSON.stringify({ user: who.name }), { headers: { 'Content-Type': 'application/json', 'X-Request': `${__VU}-${__ITER}` }, tags: { step: 'login' } });
    const ok = check(res, { 'logged in': (r) => r.status === 200, 'name came back': (r) => JSON.parse(r.json('body')).user === who.name });
    failures.add(!ok);
    logins.add(1);
    return res.json('headers.x-request');
  });
  sleep(0.05);
  group('shop', () => {
    for (const id of ['1', '2']) {
      const res = http.get(`${__ENV.BASE}/echo/items/${id}`, { headers: { Authorization: `Bearer ${session}` }, tags: { name: 'item' } });
      check(res, { 'is allowed': (r) => r.json('headers.authorization') === `Bearer ${__VU}-${__ITER}` });
    }
  });
  flow.add(Date.now() - began);
}
