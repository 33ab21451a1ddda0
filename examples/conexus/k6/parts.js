// What load, stress and soak have in common: the four operations, their metrics, and how a user picks one.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

export const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18320';
const MCP = __ENV.MCP_PATH || '/mcp';

export const errorRate = new Rate('error_rate');
const times = {
  search: new Trend('search_duration', true),
  related: new Trend('related_info_duration', true),
  index: new Trend('index_control_duration', true),
  connectors: new Trend('connector_duration', true),
};
const calls = new Counter('tool_calls');

const QUERIES = [
  'open load', 'load line', 'arrivals', 'client waits', 'the stall',
  'quantile', 'service', 'sample size', 'request of a hundred', 'rate of arrivals',
];
const FILES = ['src/load-line.rs', 'docs/quantile.md', 'src/open_load.py'];

const pick = (from) => from[Math.floor(Math.random() * from.length)];

const OPERATIONS = {
  search: () => ['context.search', { query: pick(QUERIES), top_k: 10 }],
  related: () => ['context.get_related_info', { file_path: pick(FILES) }],
  index: () => ['context.index_control', { action: 'status' }],
  connectors: () => ['context.connector_management', { action: 'list' }],
};

// One operation by its share: the first whose sum is beyond the draw.
export function operate(mix, timeout = '30s') {
  let point = Math.random();
  for (const [operation, share] of Object.entries(mix)) {
    point -= share;
    if (point < 0) return call(operation, timeout);
  }
  return call('search', timeout);
}

export function call(operation, timeout) {
  const [name, args] = OPERATIONS[operation]();
  const body = JSON.stringify({ jsonrpc: '2.0', id: `${__VU}-${__ITER}`, method: 'tools/call', params: { name, arguments: args } });
  const params = { headers: { 'Content-Type': 'application/json' }, tags: { name: operation, operation }, timeout };
  const res = http.post(`${BASE_URL}${MCP}`, body, params);
  calls.add(1);
  times[operation].add(res.timings.duration);
  const isRight = check(res, {
    'status is 200': (r) => r.status === 200,
    // The scripts as they were published took an error of JSON-RPC for a success: its status is 200.
    'has a result and no error': (r) => {
      try {
        return r.json('result') !== undefined && r.json('error') === undefined && r.json('result.isError') !== true;
      } catch {
        return false;
      }
    },
  });
  errorRate.add(!isRight);
  return res;
}

export function healthy() {
  const res = http.get(`${BASE_URL}/health`);
  if (res.status !== 200) {
    throw new Error(`the server is not well: ${res.status}`);
  }
  return { began: Date.now() };
}

export function summary(name) {
  return (data) => {
    const p95 = data.metrics.http_req_duration?.values?.['p(95)'];
    return {
      [`${name}-summary.json`]: JSON.stringify(data, null, 2),
      stdout: `${name}: ${data.metrics.http_reqs?.values?.count ?? 0} requests, p95 ${p95 === undefined ? 'of nothing' : `${p95.toFixed(2)} ms`}\n`,
    };
  };
}
