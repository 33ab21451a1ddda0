// Params: headers of every type, the Host header, timeouts, params that are no params, redirects, tags.
import http from 'k6/http';
import { check } from 'k6';

const B = __ENV.BASE, E = `${B}/echo`;
const sent = (headers) => http.get(E, { headers }).json('headers');
const error = (params) => { const r = http.get(E, params); return `${r.status} ${r.error_code} ${r.error}`; };

export default function () {
  check(sent({ 'X-A': 5, 'X-B': true, 'X-C': 1.5, 'X-D': null, 'X-E': undefined, 'X-F': [1, 2], 'X-G': {}, 'X-H': '', 'X-I': '  pad ' }), {
    'headers are made text': (h) => ['5', 'true', '1.5', 'null', 'undefined', '1,2', '[object Object]', '', 'pad'].every((v, i) => h[`x-${'abcdefghi'[i]}`] === v),
  });
  check(null, {
    host: () => sent({ host: 'other.test' }).host === 'other.test' && sent({ HOST: 'o.p:81' }).host === 'o.p:81',
    'content length is ours': () => http.post(E, 'hello', { headers: { 'Content-Length': '99' } }).json('headers.content-length') === '5',
    'wrong header name': () => error({ headers: { 'X A': '1' } }) === '0 1000 net/http: invalid header field name "X A"',
    'wrong header value': () => error({ headers: { 'X-A': 'a\nb' } }) === '0 1000 net/http: invalid header field value for "X-A"',
    'params of other types': () => [null, undefined, 5, 'x', {}, { unknown: 1 }, { tags: 5 }, { tags: null }].every((p) => http.get(E, p).status === 200),
    'timeouts': () => [1000, '1s', '1000', '1m1s', 2000.5].every((timeout) => http.get(E, { timeout }).status === 200),
    'wrong timeout': () => error({ timeout: 'bogus' }) === '0 0 invalid timeout value: time: invalid duration "bogus"' && error({ timeout: '' }) === '0 0 invalid timeout value: time: invalid duration ""',
    'unknown unit': () => error({ timeout: '1 s' }) === '0 0 invalid timeout value: time: unknown unit " s" in duration "1 s"',
    'timeout types': () => error({ timeout: null }) === '0 0 invalid timeout value: unable to use type <nil> as a duration value' && error({ timeout: true }).endsWith('unable to use type bool as a duration value'),
    'wrong params do not throw': () => error({ timeout: 'bogus', throw: true }).startsWith('0 0 invalid timeout value'),
    'tags must be plain': () => error({ tags: { a: null } }) === "0 0 invalid HTTP request metric tags: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
    'tags of other types': () => http.get(E, { tags: { name: 'n', b: true, c: 5 } }).status === 200,
    'response callback': () => error({ responseCallback: 5 }) === '0 0 unsupported responseCallback' && error({ responseCallback: null }) === '200 0 ',
    'redirects 0': () => { const r = http.get(`${B}/redirect/2`, { redirects: 0 }); return r.status === 302 && r.headers.Location === '/redirect/1' && r.url === `${B}/redirect/2` && r.body === ''; },
    'redirects 1 of 2': () => { const r = http.get(`${B}/redirect/2`, { redirects: 1 }); return r.status === 302 && r.url === `${B}/redirect/1`; },
    'redirects enough': () => http.get(`${B}/redirect/2`, { redirects: 2 }).status === 200 && http.get(`${B}/redirect/10`).status === 200,
    'ten are followed, not eleven': () => http.get(`${B}/redirect/11`).status === 302,
  });
}
