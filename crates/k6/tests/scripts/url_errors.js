// Addresses that cannot be asked: error, error_code, and what throws.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const B = __ENV.BASE;

export default function () {
  const bad = {
    'http://%zz/': [1020, 'invalid URL: parse "http://%zz/": invalid URL escape "%zz"'],
    [`${B}/echo/%zz`]: [1020, `invalid URL: parse "${B}/echo/%zz": invalid URL escape "%zz"`],
    'http://127.0.0.1:abc/': [1020, 'invalid URL: parse "http://127.0.0.1:abc/": invalid port ":abc" after host'],
    [` ${B}`]: [1020, `invalid URL: parse " ${B}": first path segment in URL cannot contain colon`],
  };
  for (const url of Object.keys(bad)) {
    check(http.get(url), {
      [`invalid: ${url}`]: (r) => r.error_code === bad[url][0] && r.error === bad[url][1] && r.status === 0,
      [`nothing else: ${url}`]: (r) => r.url === '' && r.request === null && Array.isArray(r.body) && r.body.length === 0,
    });
  }
  const failing = {
    nope: [1000, 'unsupported protocol scheme ""'], '': [1000, 'unsupported protocol scheme ""'], '/echo': [1000, 'unsupported protocol scheme ""'],
    'ftp://127.0.0.1/': [1000, 'unsupported protocol scheme "ftp"'], 'http:///x': [1000, 'http: no Host in request URL'],
    'http://127.0.0.1:1/': [1212, 'dial: connection refused'], 'http://127.0.0.1:99999/': [1210, 'dial tcp: address 99999: invalid port'],
  };
  for (const url of Object.keys(failing)) {
    check(http.get(url), {
      [`failing: "${url}"`]: (r) => r.error_code === failing[url][0] && r.error === failing[url][1] && r.status === 0,
      [`with a request: "${url}"`]: (r) => r.url === url && r.request.method === 'GET' && r.request.url === url && r.body === null,
    });
  }
  const kinds = [[undefined, '<nil>'], [null, '<nil>'], [5, '5'], [{}, 'map[]'], [{ url: 'x' }, 'map[url:x]'], [['x'], '[x]']];
  for (const [url, text] of kinds) check(http.get(url), { [`no address: ${text}`]: (r) => r.error === `invalid URL: '#${text}'` && r.error_code === 1020 });
  check(null, {
    'thrown: refused': () => thrown(() => http.get('http://127.0.0.1:1/', { throw: true })) === 'GoError: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    'thrown: protocol': () => thrown(() => http.get('ftp://127.0.0.1/', { throw: true })) === 'GoError: Get "ftp://127.0.0.1/": unsupported protocol scheme "ftp"',
    'not thrown: invalid address, by params': () => thrown(() => http.get('http://%zz/', { throw: true })) === 'nothing',
    'not thrown: status': () => http.get(`${B}/status/500`, { throw: true }).error_code === 1500,
  });
}
