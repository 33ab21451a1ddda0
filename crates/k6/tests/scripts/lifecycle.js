// setup gives data, every user has a copy of its own, teardown gets it too.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
const seen = new Counter('seen');
export const options = { vus: 2, iterations: 6 };
export function setup() {
  const res = http.get(`${__ENV.BASE}/health`);
  return { token: 'abc', list: [1, 2, 3], status: res.status };
}
export default function (data) {
  seen.add(data.list.length);
  check(data, { 'has what setup gave': (d) => d.token === 'abc' && d.status === 200 });
  check(exec.vu, { 'users are numbered from 1': (v) => v.idInTest >= 1 && v.idInTest <= 2 && __VU === v.idInTest });
}
export function teardown(data) { seen.add(data.list.length * 100); }
