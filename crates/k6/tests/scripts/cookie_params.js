// Cookies of answers, of params (added to or replacing those of the jar), of redirects and of a jar of one's own.
import http from 'k6/http';
import { check } from 'k6';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sent = (path, params) => http.get(__ENV.BASE + path, params).json('headers.cookie');

export default function () {
  const B = __ENV.BASE, jar = http.cookieJar();
  const set = http.get(`${B}/cookie/set/abc`);
  check(set.cookies, {
    'cookie of the answer': (c) => same(Object.keys(c), ['id']) && c.id.length === 1 && c.id[0].name === 'id' && c.id[0].value === 'abc',
    'its other fields': ({ id: [c] }) => c.path === '/' && c.domain === '' && c.http_only === false && c.secure === false && c.max_age === 0,
    'no expiry is a date before all': ({ id: [c] }) => c.expires === -6795364578871,
    'field names': ({ id: [c] }) => Object.keys(c).join() === 'name,value,domain,path,http_only,secure,max_age,expires',
    'the jar has it, later answers do not': () => same(jar.cookiesForURL(B), { id: ['abc'] }) && same(http.get(`${B}/echo`).cookies, {}),
  });
  check(null, {
    'request.cookies': () => same(http.get(`${B}/echo`).request.cookies, { id: [{ name: 'id', value: 'abc', replace: false }] }) && same(set.request.cookies, {}),
    'params come first and the jar again': () => sent('/echo', { cookies: { id: 'mine' } }) === 'id=mine; id=abc',
    'both in request.cookies': () => http.get(`${B}/echo`, { cookies: { id: 'mine' } }).request.cookies.id.map((c) => c.value).join() === 'mine,abc',
    replace: () => sent('/echo', { cookies: { id: { value: 'mine', replace: true } } }) === 'id=mine',
    'replace false': () => sent('/echo', { cookies: { id: { value: 'mine', replace: false } } }) === 'id=mine; id=abc',
    'null is left out': () => sent('/echo', { cookies: { n: null, u: undefined } }) === 'id=abc' && sent('/echo', { cookies: null }) === 'id=abc',
    'other types': () => sent('/echo', { cookies: { n: 5 } }) === 'n=5; id=abc' && sent('/echo', { cookies: { n: true } }) === 'n=true; id=abc',
    'the Cookie header is kept': () => sent('/echo', { headers: { Cookie: 'h=1' }, cookies: { c: '2' } }) === 'h=1; c=2; id=abc',
    'params are not kept': () => same(jar.cookiesForURL(B), { id: ['abc'] }),
    'redirects send them again': () => sent('/redirect/2', { cookies: { id: 'm' } }) === 'id=m; id=abc' && sent('/redirect/1', { cookies: { id: { value: 'm', replace: true } } }) === 'id=m',
  });
  const own = new http.CookieJar();
  own.set(B, 'own', '1');
  check(own, {
    'own jar instead': (o) => sent('/echo', { jar: o }) === 'own=1' && sent('/redirect/1', { jar: o }) === 'own=1',
    'own jar with params': (o) => sent('/echo', { jar: o, cookies: { x: 'y' } }) === 'x=y; own=1',
    'own jar is filled': (o) => http.get(`${B}/cookie/set/two`, { jar: o }).status === 200 && same(o.cookiesForURL(B).id, ['two']) && same(jar.cookiesForURL(B).id, ['abc']),
    'no jar is the usual one': () => sent('/echo', { jar: null }) === 'id=abc' && sent('/echo', { jar: {} }) === 'id=abc' && sent('/echo', { jar: new http.CookieJar() }) === undefined,
    'two handles, one jar': () => http.cookieJar() !== jar && same(http.cookieJar().cookiesForURL(B), { id: ['abc'] }),
  });
}
