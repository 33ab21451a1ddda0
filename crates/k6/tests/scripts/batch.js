// Several requests in one call, as a list and by name.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 2 };
export default function () {
  const list = http.batch([['GET', `${__ENV.BASE}/health`], { method: 'POST', url: `${__ENV.BASE}/echo`, body: 'x' }, `${__ENV.BASE}/health`]);
  check(list, { 'all are answered': (l) => l.length === 3 && l.every((r) => r.status === 200), 'in order': (l) => l[1].json('body') === 'x' });
  const named = http.batch({ a: `${__ENV.BASE}/health`, b: ['GET', `${__ENV.BASE}/status/201`] });
  check(named, { 'by name': (n) => n.a.status === 200 && n.b.status === 201 });
}
