// 5,000 arrivals a second.
import http from 'k6/http';
export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 5000, duration: '8s', preAllocatedVUs: 100, maxVUs: 100 } } };
export default function () { http.get(__ENV.URL); }
