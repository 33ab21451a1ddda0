// The jar of the VU: set with options, cookiesForURL, delete and clear.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sent = (path) => http.get(__ENV.BASE + path).json('headers.cookie');

export default function () {
  const B = __ENV.BASE, jar = http.cookieJar();
  const names = (path = '') => Object.keys(jar.cookiesForURL(B + path)).sort().join();
  check(jar, {
    'empty at first': (j) => same(j.cookiesForURL(B), {}),
    'set is sent': (j) => j.set(B, 'a', '1') === true && sent('/echo') === 'a=1' && same(j.cookiesForURL(B), { a: ['1'] }),
    'path, longest first': (j) => j.set(B, 'b', '2', { domain: '127.0.0.1', path: '/echo/sub', max_age: 600 }) && sent('/echo/sub') === 'b=2; a=1' && sent('/echo/sub/x') === 'b=2; a=1',
    'path by whole segments': () => names() === 'a' && names('/echo/sub') === 'a,b' && names('/echo/subx') === 'a',
    secure: (j) => j.set(B, 's', '3', { secure: true }) && names() === 'a' && j.cookiesForURL(B.replace('http:', 'https:')).s[0] === '3',
    expired: (j) => j.set(B, 'e', '4', { expires: 'Mon, 02 Jan 2006 15:04:05 GMT' }) && j.set(B, 'm', '4', { max_age: -1 }) && names() === 'a',
    'not yet expired': (j) => j.set(B, 'e', '4', { expires: 'Mon, 02 Jan 2096 15:04:05 GMT' }) && j.set(B, 'm', '4', { max_age: 0 }) && names() === 'a,e,m',
    'broken expires': (j) => thrown(() => j.set(B, 'x', '1', { expires: 'garbage' })) === 'GoError: unable to parse "expires" date string "garbage": parsing time "garbage" as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse "garbage" as "Mon"',
    'set again': (j) => j.set(B, 'a', 5) && same(j.cookiesForURL(B).a, ['5']),
    delete: (j) => j.delete(B, 'a') === undefined && names() === 'e,m' && j.delete(B, 'never') === undefined,
    'clear by address': (j) => j.clear(B) === undefined && names() === '' && names('/echo/sub') === 'b',
    'odd values': (j) => j.set(B, 'nul', null) && j.set(B, 'obj', {}) && sent('/echo') === 'nul=; obj="[object Object]"' && j.clear(B) === undefined,
    'quoted when needed': (j) => j.set(B, 'q', 'a b,c') && sent('/echo') === 'q="a b,c"' && j.cookiesForURL(B).q[0] === 'a b,c',
  });
  jar.set('http://example.com/', 'host', '1');
  jar.set('http://example.com/', 'dom', '1', { domain: 'example.com' });
  jar.set('http://example.com/', 'foreign', '1', { domain: 'other.com' });
  check(jar, {
    'host only and domain': (j) => same(Object.keys(j.cookiesForURL('http://example.com/')).sort(), ['dom', 'host']) && same(j.cookiesForURL('http://www.example.com/'), { dom: ['1'] }),
    'foreign domain is refused in silence': (j) => same(j.cookiesForURL('http://other.com/'), {}),
    'no address': (j) => same(j.cookiesForURL('nope'), {}) && j.set('nope', 'a', '1') === true,
    'broken address': (j) => thrown(() => j.set('http://%zz', 'a', '1')) === 'GoError: parse "http://%zz": invalid URL escape "%zz"',
  });
}
