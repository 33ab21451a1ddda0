// Credentials in an address.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const res = http.get(`${__ENV.BASE.replace('http://', 'http://user:secret@')}/echo`);
  check(res, { 'basic': (r) => r.json('headers.authorization') === 'Basic dXNlcjpzZWNyZXQ=' });
}
