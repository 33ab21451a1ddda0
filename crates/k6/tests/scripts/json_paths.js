// Paths into JSON.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const body = JSON.stringify({ a: { b: [{ c: 1 }, { c: 2 }] }, 'x.y': 3, list: [1, 2, 3], people: [{ n: 'Ada', age: 36 }, { n: 'Bo', age: 7 }] });
  const inner = http.post(`${__ENV.BASE}/echo`, body);
  check(JSON.parse(inner.json('body')), { 'came back': (b) => b.list.length === 3 });
  check(inner, { 'a name': (r) => r.json('method') === 'POST', 'deeper': (r) => typeof r.json('headers.content-length') === 'string', 'nothing': (r) => r.json('not.there') === undefined });
}
