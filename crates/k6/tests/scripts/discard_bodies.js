// discardResponseBodies: no bodies but for requests that ask for one.
import http from 'k6/http';
import { check } from 'k6';

export const options = { discardResponseBodies: true };
const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };

export default function () {
  const B = __ENV.BASE;
  check(http.get(`${B}/echo`), {
    'no body': (r) => r.body === null && r.status === 200 && r.error === '',
    'headers are there': (r) => r.headers['Content-Type'] === 'application/json' && Number(r.headers['Content-Length']) > 50,
    'no json': (r) => thrown(() => r.json('a')).startsWith("GoError: the body is null so we can't transform it to JSON"),
    'no html': (r) => thrown(() => r.html('a')).startsWith("GoError: the body is null so we can't transform it to HTML"),
    'no links': (r) => thrown(() => r.clickLink()).startsWith("GoError: the body is null so we can't transform it to HTML"),
  });
  check(null, {
    'text when asked': () => http.get(`${B}/bytes/3`, { responseType: 'text' }).body === 'xxx',
    'binary when asked': () => http.get(`${B}/bytes/3`, { responseType: 'binary' }).body.byteLength === 3,
    'empty is null too': () => http.get(`${B}/bytes/0`).body === null && http.head(`${B}/echo`).body === null,
    'in batches': () => http.batch([`${B}/echo`, ['GET', `${B}/bytes/3`, null, { responseType: 'text' }]]).map((r) => r.body).join() === ',xxx',
    'cookies are kept': () => http.get(`${B}/cookie/set/v`).cookies.id[0].value === 'v' && http.get(`${B}/echo`, { responseType: 'text' }).json('headers.cookie') === 'id=v',
  });
}
