// Redirects are requests of their own, and may be left alone.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  check(http.get(`${__ENV.BASE}/redirect/3`), { 'followed to the end': (r) => r.status === 200 && r.url === `${__ENV.BASE}/echo` });
  check(http.get(`${__ENV.BASE}/redirect/3`, { redirects: 0 }), { 'left alone': (r) => r.status === 302 && r.headers.Location === '/redirect/2' });
  check(http.get(`${__ENV.BASE}/redirect/3`, { redirects: 1 }), { 'followed once': (r) => r.status === 302 });
}
