// A threshold that fails decides the exit code.
import http from 'k6/http';
export const options = { iterations: 4, thresholds: { http_req_failed: ['rate<0.1'], http_reqs: ['count>=4'] } };
export default function () { http.get(`${__ENV.BASE}/status/503`); }
