// The smoke test, as its description goes: one user, then five.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18320';
const MCP = __ENV.MCP_PATH || '/mcp';
const errorRate = new Rate('errors');

export const options = {
  stages: [
    { duration: '30s', target: 1 },
    { duration: '30s', target: 5 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<1000'],
    http_req_failed: ['rate<0.01'],
    errors: ['rate<0.05'],
  },
};

function rpc(method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: `${__VU}-${__ITER}-${method}`, method, params });
  return http.post(`${BASE_URL}${MCP}`, body, { headers: { 'Content-Type': 'application/json' }, tags: { name: method } });
}

export function setup() {
  const res = http.get(`${BASE_URL}/health`);
  if (res.status !== 200) {
    throw new Error(`the server is not well: ${res.status}`);
  }
}

export default function () {
  const health = http.get(`${BASE_URL}/health`, { tags: { name: 'health' } });
  errorRate.add(!check(health, {
    'health is 200': (r) => r.status === 200,
    'health says healthy': (r) => r.json('status') === 'healthy',
  }));
  sleep(1);

  const tools = rpc('tools/list', {});
  errorRate.add(!check(tools, {
    'tools/list is 200': (r) => r.status === 200,
    'tools/list has tools': (r) => r.json('result.tools') !== undefined,
  }));
  sleep(1);

  const found = rpc('tools/call', { name: 'context.search', arguments: { query: 'load line', top_k: 10 } });
  errorRate.add(!check(found, {
    'search is 200': (r) => r.status === 200,
    'search has a result': (r) => r.json('result') !== undefined,
  }));
  sleep(2);
}
