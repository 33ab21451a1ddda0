// Addresses with parts that vary count under one name.
import http from 'k6/http';
export const options = { iterations: 3, thresholds: { 'http_reqs{name:${}/echo/${}}': ['count==3'] } };
export default function () { http.get(http.url`${__ENV.BASE}/echo/${__ITER}`); }
