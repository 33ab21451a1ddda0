// json(): any value, and what is said where the body is no JSON; a selector then selects nothing.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };

export default function () {
  const res = (body) => Object.assign(http.get(`${__ENV.BASE}/bytes/0`), { body });
  const good = { '5': 5, '"s"': 's', null: null, true: true, ' [1] ': [1], '{"a":{"b":[]}}': { a: { b: [] } }, '12345678901234567890': 12345678901234567890, '1e3': 1000 };
  for (const text of Object.keys(good)) check(res(text), { [`value ${text}`]: (r) => JSON.stringify(r.json()) === JSON.stringify(good[text]) });
  const bad = {
    '': 'line 1, character 0 , error: unexpected end of JSON input',
    '{': 'line 1, character 1 , error: unexpected end of JSON input',
  };
  for (const text of Object.keys(bad)) {
    check(res(text), {
      [`error of ${JSON.stringify(text)}`]: (r) => thrown(() => r.json()) === `GoError: cannot parse json due to an error at ${bad[text]}`,
      [`selector in ${JSON.stringify(text)}`]: (r) => r.json('a') === undefined,
    });
  }
  check(null, {
    'a null body': () => thrown(() => res(null).json()) === "GoError: the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
    'a number as body': () => thrown(() => res(5).json()) === 'GoError: invalid type int64, expected string, []byte or ArrayBuffer',
    'a buffer as body': () => res(new Uint8Array([91, 49, 93]).buffer).json('0') === 1,
    'a new value each time': () => { const r = res('{"a":1}'); return r.json() !== r.json() && r.json().a === 1; },
  });
}
