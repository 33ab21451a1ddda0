// submitForm: which form, which fields and which submit button, and how they are sent.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const type = 'application/x-www-form-urlencoded';
// The answer of /echo is JSON; its HTML (without quotes) is still a page with a form.
const made = (form, ...args) => { const r = http.post(`${__ENV.BASE}/echo/dir/page`, form).submitForm(...args); return `${r.json('method')} ${r.json('uri')} ${r.json('body')}`; };

export default function () {
  const page = http.get(`${__ENV.BASE}/page`);
  const base = 'colour=g&days=%5Bmon+wed%5D&note=a+note&off=never';
  check(page.submitForm(), {
    'all forms at once, to the first': (r) => r.url === `${__ENV.BASE}/echo/submitted` && r.json('body') === `${base}&q=boats&secret=&send=Send&token=abc&user=anna`,
    'the request': (r) => r.request.method === 'POST' && r.request.body === r.json('body') && r.json('headers.content-type') === type,
  });
  check(page, {
    'one form': (p) => p.submitForm({ formSelector: '#form' }).json('body') === `${base}&secret=&send=Send&token=abc&user=anna`,
    'another button': (p) => p.submitForm({ formSelector: '#form', submitSelector: '[name=other]' }).json('body') === `${base}&other=Other&secret=&token=abc&user=anna`,
    'no button': (p) => p.submitForm({ formSelector: '#form', submitSelector: 'nope' }).json('body') === `${base}&secret=&token=abc&user=anna`,
    'fields replace and add': (p) => p.submitForm({ formSelector: '#form', fields: { user: 'bob', days: ['x', 'y'], n: 5, t: true, nul: null } }).json('body')
      === 'colour=g&days=x&days=y&n=5&note=a+note&nul=%3Cnil%3E&off=never&secret=&send=Send&t=true&token=abc&user=bob',
    get: (p) => p.submitForm({ formSelector: '#search' }).url === `${__ENV.BASE}/echo/found?q=boats` && p.submitForm({ formSelector: '#search' }).json('body') === '',
    'get with fields': (p) => p.submitForm({ formSelector: '#search', fields: { q: 'a b&c', extra: 1 } }).json('uri') === '/echo/found?extra=1&q=a+b%26c',
    params: (p) => p.submitForm({ params: { headers: { 'X-A': '1', 'Content-Type': 'text/plain' } } }).json('headers.x-a') === '1',
    'type by params': (p) => p.submitForm({ params: { headers: { 'Content-Type': 'text/plain' } } }).json('headers.content-type') === 'text/plain',
    'no such form': (p) => thrown(() => p.submitForm({ formSelector: 'nope' })) === `GoError: no form found for selector 'nope' in response '${p.url}'`,
    'null arguments': (p) => thrown(() => p.submitForm(null)) === 'TypeError: Cannot convert undefined or null to object',
    'undefined is no better': (p) => thrown(() => p.submitForm(undefined)) === 'TypeError: Cannot convert undefined or null to object',
    'no body': () => thrown(() => http.get(`${__ENV.BASE}/status/204`).submitForm()).startsWith("GoError: the body is null so we can't transform it to HTML"),
    'relative action': () => made('<form action=go><input name=a value=1></form>') === 'GET /echo/dir/go?a=1 ',
    'no action': () => made('<form><input name=a value=1></form>') === 'GET /echo/dir/page?a=1 ',
    'query is replaced': () => made('<form action=go?z=9><input name=a value=1></form>') === 'GET /echo/dir/go?a=1 ',
    'any method, type ignored': () => made('<form action=go method=put enctype=text/plain><input name=a value=1></form>') === 'PUT /echo/dir/go a=1',
    'last of a name': () => made('<form action=go method=POST><input name=a value=1><input name=a value=2></form>') === 'POST /echo/dir/go a=2',
    'first explicit submit': () => made('<form action=go method=post><button name=b value=1>x</button><button type=submit name=c value=2>x</button></form>') === 'POST /echo/dir/go c=2',
    'list in a get': () => made('<form action=go><input name=a value=1></form>', { fields: { d: [1, 2] } }) === 'GET /echo/dir/go?a=1&d=1%2C2 ',
    'object and list in a post': () => made('<form action=go method=post></form>', { fields: { b: { c: 1 }, d: [1, 2], e: 1.5 } }) === 'POST /echo/dir/go b=map%5Bc%3A1%5D&d=1&d=2&e=1.5',
  });
}
