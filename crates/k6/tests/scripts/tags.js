// Tags of requests, of users and of the whole run select parts of metrics.
import http from 'k6/http';
import exec from 'k6/execution';
export const options = {
  iterations: 2, tags: { run: 'mine' },
  thresholds: { 'http_reqs{name:health}': ['count==4'], 'http_reqs{kind:first}': ['count==2'], 'http_reqs{run:mine}': ['count==6'], 'http_reqs{who:me}': ['count==2'], 'http_reqs{status:404}': ['count==2'], 'http_reqs{method:POST}': ['count<1'] },
};
export default function () {
  http.get(`${__ENV.BASE}/health`, { tags: { name: 'health', kind: 'first' } });
  http.get(`${__ENV.BASE}/health?x=${__ITER}`, { tags: { name: 'health' } });
  exec.vu.metrics.tags.who = 'me';
  http.get(`${__ENV.BASE}/status/404`);
  delete exec.vu.metrics.tags.who;
}
