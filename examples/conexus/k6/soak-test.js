// 75 users for twenty minutes who think for one to five seconds.
import http from 'k6/http';
import { sleep } from 'k6';
import { BASE_URL, healthy, operate, summary } from './parts.js';

export const options = {
  stages: [
    { duration: '3m', target: 75 },
    { duration: '20m', target: 75 },
    { duration: '2m', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<1000', 'p(99)<2000'],
    error_rate: ['rate<0.01'],
    http_req_failed: ['rate<0.01'],
    checks: ['rate>0.95'],
    search_duration: ['p(95)<800'],
  },
};

export const setup = healthy;

export default function () {
  operate({ search: 0.6, related: 0.25, index: 0.15 });
  if (Math.random() < 0.05) {
    http.get(`${BASE_URL}/health`, { tags: { name: 'health' } });
    // The script as it was published asked for `${BASE_URL}:9090/metrics`: a port behind the port, which nobody can reach.
    http.get(`${BASE_URL}${__ENV.STATS_PATH || '/stats'}`, { tags: { name: 'stats' } });
  }
  sleep(1 + Math.random() * 4);
}

export function teardown(data) {
  console.log(`${Math.round((Date.now() - data.began) / 1000)} s of soak`);
}

export const handleSummary = summary('soak');
