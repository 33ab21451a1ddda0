// The smallest useful script: one request, one check, one promise.
//   plimsoll target shop --port 8080 &
//   plimsoll run -e BASE=http://127.0.0.1:8080 examples/k6/first.js
import http from 'k6/http';
import { check } from 'k6';

export const options = {
  vus: 5,
  duration: '3s',
  thresholds: { http_req_failed: ['rate<0.01'], http_req_duration: ['p(95)<250'] },
};

export default function () {
  const res = http.get(`${__ENV.BASE}/health`);
  check(res, { 'is healthy': (r) => r.json('status') === 'healthy' });
}
