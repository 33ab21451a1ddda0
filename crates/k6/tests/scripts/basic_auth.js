// Basic authentication by parameter.
import http from 'k6/http';
import encoding from 'k6/encoding';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const url = `${__ENV.BASE.replace('http://', 'http://ada:pass@')}/echo`;
  check(http.get(url, { auth: 'basic' }), { 'sent': (r) => r.json('headers.authorization') === `Basic ${encoding.b64encode('ada:pass')}` });
}
