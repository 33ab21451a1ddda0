// Batches: every shape of request, params of each, order and keys, and one that fails among them.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const shown = (r) => `${r.request.method} ${r.url.replace(__ENV.BASE, '')} ${r.status}`;

export default function () {
  const B = __ENV.BASE, E = `${B}/echo`;
  check(http.batch([E, `${B}/status/201`, ['POST', E, 'b'], ['DELETE', E], { url: `${E}/o` }, { method: 'put', url: E, body: { a: [1, 2], b: 'c d' } }, http.url`${B}/echo/${1}`]), {
    'answers in order': (rs) => Array.isArray(rs) && rs.map(shown).join() === 'GET /echo 200,GET /status/201 201,POST /echo 200,DELETE /echo 200,GET /echo/o 200,PUT /echo 200,GET /echo/1 200',
    bodies: (rs) => rs[2].json('body') === 'b' && rs[5].json('body') === 'a=1&a=2&b=c+d' && rs[5].json('headers.content-type') === 'application/x-www-form-urlencoded',
  });
  const named = http.batch({ one: E, two: ['POST', E, 'x'], 3: { method: 'PATCH', url: E } });
  check(named, {
    'keys are kept': (rs) => !Array.isArray(rs) && Object.keys(rs).sort().join() === '3,one,two',
    'by their keys': (rs) => shown(rs.one) === 'GET /echo 200' && shown(rs.two) === 'POST /echo 200' && shown(rs[3]) === 'PATCH /echo 200',
  });
  check(http.batch([['GET', E, null, { headers: { 'x-a': '1' }, tags: { t: '1' }, responseType: 'binary' }], { method: 'GET', url: E, params: { headers: { 'X-A': 5 } } }]), {
    'params of each': (rs) => rs[0].json('headers.x-a') === '1' && rs[1].json('headers.x-a') === '5' && rs[0].body.byteLength > 0 && typeof rs[1].body === 'string',
    'request of an answer': (rs) => Object.keys(rs[0].request).join() === 'method,url,headers,body,cookies' && rs[0].request.body === '' && rs[0].request.url === E,
  });
  check(http.batch([E, 'http://127.0.0.1:1/', E]), {
    'one fails among them': (rs) => rs.map((r) => r.status).join() === '200,0,200' && rs[1].error === 'dial: connection refused' && rs[1].error_code === 1212,
    'the failed one': (rs) => rs[1].body === null && rs[1].request.method === 'GET' && rs[1].url === 'http://127.0.0.1:1/' && rs[1].status_text === '' && rs[1].proto === '',
  });
  check(http.batch([E, 5]), {
    'what is no request': (rs) => rs.length === 2 && rs[1].error === "invalid URL: '#5'" && rs[1].error_code === 1020 && rs[1].url === '' && rs[1].status === 0,
  });
  check(null, {
    'nothing at all': () => http.batch([]).length === 0 && JSON.stringify(http.batch({})) === '{}',
    'no argument': () => thrown(() => http.batch()) === 'GoError: no argument was provided to http.batch()',
    'wrong argument': () => thrown(() => http.batch('x')) === 'GoError: invalid http.batch() argument type string' && thrown(() => http.batch(null)).endsWith('type <nil>'),
    'thrown when asked': () => thrown(() => http.batch([E, ['GET', 'http://127.0.0.1:1/', null, { throw: true }]])) === 'GoError: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  });
}
