// The option throw: every failed request is an error then, one that could not be made too.
import http from 'k6/http';
import { check } from 'k6';

export const options = { throw: true };
const B = __ENV.BASE;
const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };

export default function () {
  check(null, {
    refused: () => thrown(() => http.get('http://127.0.0.1:1/')) === 'GoError: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    protocol: () => thrown(() => http.get('nope')) === 'GoError: Get "nope": unsupported protocol scheme ""',
    'invalid address': () => thrown(() => http.get('http://%zz/')) === 'GoError: invalid URL: parse "http://%zz/": invalid URL escape "%zz"',
    'no address': () => thrown(() => http.get(5)) === "GoError: invalid URL: '#5'",
    'wrong timeout': () => thrown(() => http.get(B, { timeout: 'x' })) === 'GoError: invalid timeout value: time: invalid duration "x"',
    'wrong body': () => thrown(() => http.post(B, 5)) === 'GoError: unknown request body type int64',
    'wrong response type': () => thrown(() => http.get(B, { responseType: 'x' })) === 'GoError: x does not belong to ResponseType values',
    'wrong compression': () => thrown(() => http.post(B, 'x', { compression: 'x' })) === 'GoError: unknown compression algorithm x, supported algorithms are [gzip deflate zstd br]',
    'wrong tags': () => thrown(() => http.get(B, { tags: { a: null } })).startsWith("GoError: invalid HTTP request metric tags: invalid value for metric tag 'a'"),
    'batch: wrong request': () => thrown(() => http.batch([5])) === "GoError: invalid URL: '#5'",
    'batch: refused': () => thrown(() => http.batch([B, 'http://127.0.0.1:1/'])) === 'GoError: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
    'statuses do not throw': () => http.get(`${B}/status/404`).status === 404 && http.get(`${B}/status/500`).status === 500,
    'params can say no': () => http.get('http://127.0.0.1:1/', { throw: false }).error_code === 1212,
    'but not for what cannot be made': () => thrown(() => http.get('http://%zz/', { throw: false })).startsWith('GoError: invalid URL'),
  });
}
