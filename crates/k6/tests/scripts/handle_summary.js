// The script writes its own summary.
import http from 'k6/http';
export const options = { iterations: 3, summaryTrendStats: ['avg', 'count', 'p(99)'], thresholds: { http_reqs: ['count==3'] } };
export default function () { http.get(`${__ENV.BASE}/health`); }
export function handleSummary(data) {
  const shape = (value) => Array.isArray(value) ? value.map(shape) : value && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map((k) => [k, shape(value[k])])) : typeof value;
  const wanted = ['http_reqs', 'iterations', 'http_req_duration', 'http_req_failed'];
  return { stdout: `${JSON.stringify({ keys: Object.keys(data).sort(), root: shape(data.root_group), state: shape(data.state), reqs: data.metrics.http_reqs.values.count, ok: data.metrics.http_reqs.thresholds, metrics: wanted.map((m) => shape(data.metrics[m])) })}\n` };
}
