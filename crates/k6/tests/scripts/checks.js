// Checks that hold, that fail, and that are plain values.
import http from 'k6/http';
import { check } from 'k6';
export const options = { vus: 1, iterations: 5 };
export default function () {
  const res = http.get(`${__ENV.BASE}/health`);
  const all = check(res, { 'status is 200': (r) => r.status === 200, 'is healthy': (r) => r.json('status') === 'healthy', 'never': (r) => r.status === 599 });
  check(all, { 'the result tells that one failed': (a) => a === false });
  check(null, { 'a plain value': true, 'zero is no': 0 });
}
