// A file in a form.
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const res = http.post(`${__ENV.BASE}/echo`, { field: 'value', upload: http.file('content', 'a.txt', 'text/plain') });
  check(res, {
    'multipart': (r) => r.json('headers.content-type').startsWith('multipart/form-data; boundary='),
    'holds the field': (r) => r.json('body').includes('name="field"') && r.json('body').includes('value'),
    'holds the file': (r) => r.json('body').includes('filename="a.txt"') && r.json('body').includes('content'),
  });
}
