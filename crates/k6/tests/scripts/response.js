// What a response tells.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const res = http.get(`${__ENV.BASE}/gzip`);
  check(res, {
    'decoded': (r) => r.json().coded === true,
    'header names are canonical': (r) => r.headers['Content-Type'] === 'application/json',
    'status text': (r) => r.status_text === '200 OK',
    'protocol': (r) => r.proto === 'HTTP/1.1',
    'url': (r) => r.url === `${__ENV.BASE}/gzip`,
    'no error': (r) => r.error === '' && r.error_code === 0,
    'timings are numbers': (r) => ['duration', 'blocked', 'connecting', 'tls_handshaking', 'sending', 'waiting', 'receiving'].every((k) => typeof r.timings[k] === 'number'),
    'request is told': (r) => r.request.method === 'GET' && r.request.url === `${__ENV.BASE}/gzip`,
  });
  const missing = http.get(`${__ENV.BASE}/status/404`);
  check(missing, { '404 has its code': (r) => r.error_code === 1404 && r.status === 404 });
  const binary = http.get(`${__ENV.BASE}/bytes/10`, { responseType: 'binary' });
  check(binary, { 'bytes come as a buffer': (r) => r.body instanceof ArrayBuffer && r.body.byteLength === 10 });
  check(http.get(`${__ENV.BASE}/bytes/10`, { responseType: 'none' }), { 'nothing is kept if nothing is wanted': (r) => r.body === null });
}
