// Promises, timers and requests that are awaited.
import http from 'k6/http';
import { check } from 'k6';
import { setTimeout } from 'k6/timers';
import { Counter } from 'k6/metrics';
const done = new Counter('done');
export const options = { iterations: 3 };
export default async function () {
  const res = await http.asyncRequest('GET', `${__ENV.BASE}/health`);
  check(res, { 'awaited': (r) => r.status === 200 });
  const all = await Promise.all([http.asyncRequest('POST', `${__ENV.BASE}/echo`, 'a'), http.asyncRequest('GET', `${__ENV.BASE}/health`)]);
  check(all, { 'all of them': (a) => a.length === 2 && a[0].json('body') === 'a' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  done.add(1);
}
