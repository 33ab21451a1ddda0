// Steps up to 500 users who think for half a second to two and a half, 21 minutes.
import { sleep } from 'k6';
import { healthy, operate } from './parts.js';

export const options = {
  stages: [
    { duration: '2m', target: 50 },
    { duration: '2m', target: 50 },
    { duration: '1m', target: 100 },
    { duration: '2m', target: 100 },
    { duration: '1m', target: 200 },
    { duration: '2m', target: 200 },
    { duration: '1m', target: 300 },
    { duration: '2m', target: 300 },
    { duration: '1m', target: 400 },
    { duration: '2m', target: 400 },
    { duration: '1m', target: 500 },
    { duration: '2m', target: 500 },
    { duration: '30s', target: 100 },
    { duration: '1m', target: 100 },
    { duration: '30s', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<5000'],
    error_rate: ['rate<0.10'],
    http_req_failed: ['rate<0.15'],
  },
  noConnectionReuse: false,
  userAgent: 'conexus-stress/1.0',
};

export const setup = healthy;

export default function () {
  operate({ search: 0.5, related: 0.3, index: 0.15, connectors: 0.05 });
  sleep(0.5 + Math.random() * 2);
}

export function teardown(data) {
  console.log(`${Math.round((Date.now() - data.began) / 1000)} s of stress`);
}
