// Nobody listens: a warning, a status of 0, a code.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 2 };
export default function () {
  const res = http.get('http://127.0.0.1:1/');
  check(res, { 'no status': (r) => r.status === 0, 'a code': (r) => r.error_code === 1212, 'a message': (r) => r.error !== '', 'no body': (r) => r.body === null });
  let thrown = false;
  try { http.get('http://127.0.0.1:1/', { throw: true }); } catch (e) { thrown = true; }
  check(thrown, { 'throws if asked to': (t) => t });
}
