// Our own equivalents of jslib's modules: the real k6 would need a network for these.
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
import { URL, URLSearchParams } from 'https://jslib.k6.io/url/1.0.0/index.js';
import { Httpx } from 'https://jslib.k6.io/httpx/0.1.0/index.js';
import { randomIntBetween, randomItem, randomString, uuidv4, findBetween } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { check } from 'k6';
export const options = { iterations: 1, thresholds: { checks: ['rate==1'] } };
const csv = papaparse.parse('name,age\n"Lovelace, Ada",36\nBo,7\n', { header: true, dynamicTyping: true, skipEmptyLines: true });
export default function () {
  check(csv, { 'two people': (c) => c.data.length === 2 && c.data[0].name === 'Lovelace, Ada' && c.data[1].age === 7 && c.errors.length === 0 });
  check(papaparse.unparse([{ a: 1, b: 'x,y' }]), { 'and back': (t) => t === 'a,b\r\n1,"x,y"' });
  const url = new URL('../c?x=1#top', 'https://ada@example.org:8443/a/b/d');
  url.searchParams.append('y', 'two words');
  check(url, { 'addresses': (u) => u.href === 'https://example.org:8443/a/c?x=1&y=two+words#top' && u.port === '8443' && u.hash === '#top' });
  check(new URLSearchParams({ a: '1', b: 'ä' }), { 'queries': (q) => q.toString() === 'a=1&b=%C3%A4' && q.get('a') === '1' });
  const session = new Httpx({ baseURL: __ENV.BASE, headers: { 'X-Session': 's1' } });
  session.addTag('kind', 'session');
  check(session.post('/echo', 'body'), { 'a session': (r) => r.json('headers.x-session') === 's1' && r.json('body') === 'body' });
  check(null, {
    'random numbers': () => { const n = randomIntBetween(3, 5); return n >= 3 && n <= 5; },
    'random items': () => [1, 2].includes(randomItem([1, 2])),
    'random texts': () => randomString(8).length === 8 && /^[a-z]+$/.test(randomString(8)),
    'identifiers': () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuidv4()),
    'between': () => findBetween('a[b]c[d]', '[', ']') === 'b' && findBetween('a[b]c[d]', '[', ']', true).join() === 'b,d',
  });
}
