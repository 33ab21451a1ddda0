// The request of an answer, and the fields of answers: good ones, refused ones, redirected ones.
import http from 'k6/http';
import { check } from 'k6';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export default function () {
  const E = `${__ENV.BASE}/echo`;
  check(http.post(E, { b: 2, a: 1 }, { headers: { 'x-lower': 'v', 'X-Num': 5 } }), {
    request: (r) => r.request.method === 'POST' && r.request.url === E && r.request.body === 'a=1&b=2' && same(r.request.cookies, {}),
    'where it came from': (r) => r.remote_ip === '127.0.0.1' && r.remote_port === Number(__ENV.BASE.split(':')[2]) && r.proto === 'HTTP/1.1' && r.status_text === '200 OK',
    'no tls': (r) => r.tls_version === '' && r.tls_cipher_suite === '' && same(r.ocsp, { produced_at: 0, this_update: 0, next_update: 0, revoked_at: 0, revocation_reason: '', status: '' }),
    'no error': (r) => r.error === '' && r.error_code === 0,
    timings: (r) => Object.keys(r.timings).join() === 'duration,blocked,looking_up,connecting,tls_handshaking,sending,waiting,receiving',
    'header names are canonical': (r) => Object.keys(r.headers).sort().join() === 'Content-Length,Content-Type,Date',
  });
  check(http.get(`${__ENV.BASE}/redirect/1`), {
    'redirected: url of the last, request of the first': (r) => r.url === E && r.request.url === `${__ENV.BASE}/redirect/1` && r.json('headers.referer') === r.request.url,
  });
  check(http.post(`${__ENV.BASE}/redirect/1`, 'body'), {
    'a post is redirected as a get': (r) => r.request.method === 'POST' && r.json('method') === 'GET' && r.json('body') === '' && r.request.body === 'body',
  });
  check(http.get(`${__ENV.BASE}/status/404`), {
    'error code of a status': (r) => r.error_code === 1404 && r.error === '' && r.status_text === '404 Not Found' && r.body === '',
    'of another': () => http.get(`${__ENV.BASE}/status/500`).error_code === 1500 && http.get(`${__ENV.BASE}/status/204`).error_code === 0,
  });
  check(http.get('http://127.0.0.1:1/'), {
    'refused: empty fields': (r) => same([r.status, r.status_text, r.remote_ip, r.remote_port, r.headers, r.cookies, r.body, r.timings.duration], [0, '', '', 0, {}, {}, null, 0]),
  });
  check(null, {
    methods: () => ['del', 'put', 'patch', 'options', 'head'].map((m) => http[m](E).request.method).join() === 'DELETE,PUT,PATCH,OPTIONS,HEAD',
    'body of a buffer as text': () => http.post(E, new Uint8Array([65, 66]).buffer).request.body === 'AB',
  });
}
