// responseType: text, binary and none, what the body then is, and wrong types.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const get = (path, responseType) => http.get(__ENV.BASE + path, responseType === 'unset' ? {} : { responseType });
const noBody = "GoError: the body is null so we can't transform it to JSON - this likely was because of a request error getting the response";

export default function () {
  check(null, {
    'text unless said': () => get('/bytes/4', 'unset').body === 'xxxx' && get('/bytes/4', 'text').body === 'xxxx',
    'binary is an ArrayBuffer': () => get('/bytes/4', 'binary').body instanceof ArrayBuffer && get('/bytes/4', 'binary').body.byteLength === 4,
    'none is null': () => get('/bytes/4', 'none').body === null && get('/bytes/4', 'none').headers['Content-Length'] === '4',
    'none is for one request': () => get('/bytes/5', 'none').body === null && get('/bytes/5', 'unset').body === 'xxxxx',
    'empty bodies': () => get('/bytes/0', 'unset').body === '' && get('/bytes/0', 'binary').body.byteLength === 0,
    'a 204 has none': () => get('/status/204', 'unset').body === null && get('/status/204', 'binary').body === null,
    'of head': () => http.head(`${__ENV.BASE}/bytes/4`).body === '' && http.head(`${__ENV.BASE}/bytes/4`, { responseType: 'binary' }).body.byteLength === 0,
    'refused has none': () => http.get('http://127.0.0.1:1/', { responseType: 'binary' }).body === null,
    'json of binary': () => get('/echo', 'binary').json('method') === 'GET' && get('/echo', 'binary').json().method === 'GET',
    'html of binary': () => get('/page', 'binary').html('h1').text() === 'Things',
    'json of none': () => thrown(() => get('/echo', 'none').json()) === noBody && thrown(() => get('/echo', 'none').json('method')) === noBody,
    'html of none': () => thrown(() => get('/page', 'none').html()) === noBody.replace('JSON', 'HTML'),
  });
  for (const wrong of ['bogus', 'TEXT', '', 5, null, undefined]) {
    check(get('/echo', wrong), {
      [`wrong: "${wrong}"`]: (r) => r.status === 0 && r.error === `${wrong} does not belong to ResponseType values` && r.error_code === 0 && r.url === '',
      [`wrong: "${wrong}" is an empty list`]: (r) => Array.isArray(r.body) && r.body.length === 0 && r.request === null,
    });
  }
}
