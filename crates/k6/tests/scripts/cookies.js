// A cookie is sent again within an iteration, and forgotten after it.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 2 };
export default function () {
  check(http.get(`${__ENV.BASE}/echo`), { 'none at first': (r) => r.json('headers.cookie') === undefined });
  const set = http.get(`${__ENV.BASE}/cookie/set/${__ITER}`);
  check(set, { 'the response tells it': (r) => r.cookies.id[0].value === String(__ITER) });
  check(http.get(`${__ENV.BASE}/echo`), { 'it is sent': (r) => r.json('headers.cookie') === `id=${__ITER}` });
  check(http.get(`${__ENV.BASE}/echo`, { cookies: { extra: 'x' } }), { 'another for one request': (r) => r.json('headers.cookie').includes('extra=x') });
}
