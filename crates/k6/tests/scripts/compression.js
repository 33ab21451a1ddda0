// compression: what is sent for each algorithm, several of them, and unknown ones.
import http from 'k6/http';
import { check } from 'k6';

const text = 'hello '.repeat(200);
const post = (compression, body = text, headers = {}) => http.post(`${__ENV.BASE}/echo`, body, { compression, headers });

export default function () {
  for (const name of ['gzip', 'deflate', 'br', 'zstd']) {
    check(post(name), {
      [`${name} is named`]: (r) => r.json('headers.content-encoding') === name && r.request.headers['Content-Encoding'][0] === name,
      [`${name} is short`]: (r) => r.json('body_bytes') < 100 && String(r.json('body_bytes')) === r.json('headers.content-length'),
      [`${name}: request.body is plain`]: (r) => r.request.body === text && r.json('headers.content-type') === undefined,
    });
  }
  check(null, {
    several: () => post('gzip, deflate').json('headers.content-encoding') === 'gzip, deflate' && post('deflate,gzip').json('headers.content-encoding') === 'deflate, gzip',
    'the same twice': () => post('gzip,gzip').json('headers.content-encoding') === 'gzip, gzip',
    'spaces are cut': () => post(' gzip ').json('headers.content-encoding') === 'gzip',
    'empty is none': () => post('').json('headers.content-encoding') === undefined && post('').json('body') === text,
    'nothing to compress': () => post('gzip', null).json('headers.content-encoding') === undefined && post('gzip', null).json('body_bytes') === 0,
    'an empty text is compressed': () => post('gzip', '').json('headers.content-encoding') === 'gzip' && post('gzip', '').json('body_bytes') > 10,
    'a form is compressed': () => post('gzip', { a: 1 }).json('headers.content-type') === 'application/x-www-form-urlencoded' && post('gzip', { a: 1 }).request.body === 'a=1',
    'own header wins': () => post('gzip', 'x', { 'Content-Encoding': 'own' }).json('headers.content-encoding') === 'own',
    'a get has no body': () => http.get(`${__ENV.BASE}/echo`, { compression: 'gzip' }).json('headers.content-encoding') === undefined,
    'answers are unpacked': () => http.get(`${__ENV.BASE}/gzip`).body === '{"coded":true}' && http.get(`${__ENV.BASE}/gzip`).headers['Content-Encoding'] === 'gzip',
    'binary answers too': () => http.get(`${__ENV.BASE}/gzip`, { responseType: 'binary' }).body.byteLength === 14,
  });
  for (const wrong of ['bogus', 'GZIP', 5, null]) {
    check(post(wrong), {
      [`unknown ${wrong}`]: (r) => r.error === `unknown compression algorithm ${wrong}, supported algorithms are [gzip deflate zstd br]` && r.status === 0 && r.error_code === 0,
      [`unknown ${wrong}: no request`]: (r) => r.request === undefined || r.request === null,
    });
  }
}
