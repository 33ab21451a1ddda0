// Jumps to 200, 400 and 600 users, 12 minutes. As it was published but for one argument: it asked for `max_results`, which no tool takes.
// A status of 503 counts as well here, as it did there: Plimsoll's own verdict below the summary does not share that view.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18320';
const MCP = __ENV.MCP_PATH || '/mcp';

const errorRate = new Rate('error_rate');
const shed = new Counter('shed');
const users = new Gauge('users_now');
// It was declared, and never fed: a recovery time that nobody measured. Plimsoll computes it (spike.yaml, `recovers_within`).
const recoveryTime = new Trend('recovery_time', true);

export const options = {
  stages: [
    { duration: '1m', target: 50 },
    { duration: '2m', target: 50 },
    { duration: '10s', target: 200 },
    { duration: '1m', target: 200 },
    { duration: '30s', target: 50 },
    { duration: '1m', target: 50 },
    { duration: '10s', target: 400 },
    { duration: '1m', target: 400 },
    { duration: '30s', target: 50 },
    { duration: '1m', target: 50 },
    { duration: '5s', target: 600 },
    { duration: '30s', target: 600 },
    { duration: '30s', target: 50 },
    { duration: '2m', target: 50 },
    { duration: '30s', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<3000'],
    error_rate: ['rate<0.05'],
    http_req_failed: ['rate<0.10'],
  },
};

export default function () {
  users.add(__VU);
  if (Math.random() < 0.9) {
    const params = { name: 'context.search', arguments: { query: 'load line', top_k: 5 } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: `${__VU}-${__ITER}`, method: 'tools/call', params });
    const res = http.post(`${BASE_URL}${MCP}`, body, { headers: { 'Content-Type': 'application/json' }, tags: { name: 'search' }, timeout: '10s' });
    const isRight = check(res, { 'answered or shed': (r) => r.status === 200 || r.status === 503 });
    if (res.status === 503) shed.add(1);
    errorRate.add(!isRight);
  } else {
    const res = http.get(`${BASE_URL}/health`, { tags: { name: 'health' } });
    errorRate.add(!check(res, { 'health answered or shed': (r) => r.status === 200 || r.status === 503 }));
  }
  sleep(0.1);
}

export function handleSummary(data) {
  const never = data.metrics.recovery_time === undefined;
  return {
    stdout: `spike: ${data.metrics.http_reqs?.values?.count ?? 0} requests, ${data.metrics.shed?.values?.count ?? 0} shed, recovery ${never ? 'not measured by this script' : 'measured'}\n`,
  };
}
