// Every method, with bodies of every kind.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
const at = (path) => `${__ENV.BASE}${path}`;
export default function () {
  const same = (res, method, body) => check(res, { [`${method} arrives`]: (r) => r.json('method') === method, [`${method} brings its body`]: (r) => r.json('body') === body });
  same(http.get(at('/echo')), 'GET', '');
  same(http.post(at('/echo'), 'text'), 'POST', 'text');
  same(http.put(at('/echo'), JSON.stringify({ a: 1 }), { headers: { 'Content-Type': 'application/json' } }), 'PUT', '{"a":1}');
  same(http.patch(at('/echo'), 'p'), 'PATCH', 'p');
  same(http.del(at('/echo')), 'DELETE', '');
  same(http.request('POST', at('/echo'), { name: 'a b', list: ['1', '2'], odd: "!'()*~" }), 'POST', 'list=1&list=2&name=a+b&odd=%21%27%28%29%2A~');
  same(http.post(at('/echo'), new Uint8Array([104, 105]).buffer), 'POST', 'hi');
  check(http.options(at('/echo')), { 'OPTIONS is answered': (r) => r.status === 200 });
  check(http.head(at('/health')), { 'HEAD has no body': (r) => r.status === 200 && !r.body });
  check(http.post(at('/echo'), { a: 'b' }), { 'forms say what they are': (r) => r.json('headers.content-type') === 'application/x-www-form-urlencoded' });
}
