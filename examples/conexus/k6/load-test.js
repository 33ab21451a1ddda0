// Up to 150 users who think for one to five seconds, 14 minutes.
import { sleep } from 'k6';
import { healthy, operate } from './parts.js';

export const options = {
  stages: [
    { duration: '2m', target: 50 },
    { duration: '1m', target: 100 },
    { duration: '5m', target: 100 },
    { duration: '1m', target: 150 },
    { duration: '3m', target: 150 },
    { duration: '1m', target: 50 },
    { duration: '1m', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<1000', 'p(99)<2000'],
    search_duration: ['p(95)<800'],
    related_info_duration: ['p(95)<1000'],
    index_control_duration: ['p(95)<500'],
    error_rate: ['rate<0.01'],
    http_req_failed: ['rate<0.01'],
    checks: ['rate>0.95'],
  },
  summaryTrendStats: ['min', 'avg', 'med', 'p(95)', 'p(99)', 'max'],
};

export const setup = healthy;

export default function () {
  operate({ search: 0.6, related: 0.2, index: 0.15, connectors: 0.05 });
  sleep(1 + Math.random() * 4);
}

export function teardown(data) {
  console.log(`${Math.round((Date.now() - data.began) / 1000)} s of load`);
}
