// clickLink: the first link, one by selector, relative addresses, and what is no link.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
// The answer of /echo is JSON; its HTML (without quotes) is still a page with links.
const made = (link, ...args) => http.post(`${__ENV.BASE}/echo/dir/page`, link).clickLink(...args).url.replace(__ENV.BASE, '');

export default function () {
  const page = http.get(`${__ENV.BASE}/page`);
  check(page.clickLink(), {
    'the first link': (r) => r.status === 200 && r.url === `${__ENV.BASE}/echo/next?page=2` && r.json('uri') === '/echo/next?page=2',
    'a get': (r) => r.request.method === 'GET' && r.json('body') === '',
  });
  check(page, {
    'by selector, with params': (p) => p.clickLink({ selector: 'a#next', params: { headers: { 'X-A': '1' } } }).json('headers.x-a') === '1',
    'no such element': (p) => thrown(() => p.clickLink({ selector: 'nope' })) === `GoError: no element found for selector 'nope' in response '${p.url}'`,
    'not a link': (p) => thrown(() => p.clickLink({ selector: 'li' })) === `GoError: no valid href attribute value found on element 'li' in response '${p.url}'`,
    'null selector': (p) => thrown(() => p.clickLink({ selector: null })) === `GoError: no element found for selector 'null' in response '${p.url}'`,
    'null arguments': (p) => thrown(() => p.clickLink(null)) === 'TypeError: Cannot convert undefined or null to object',
    'undefined is no better': (p) => thrown(() => p.clickLink(undefined)) === 'TypeError: Cannot convert undefined or null to object',
    'no links': () => thrown(() => made('plain')) === `GoError: no element found for selector 'a[href]' in response '${__ENV.BASE}/echo/dir/page'`,
    'no body': () => thrown(() => http.get(`${__ENV.BASE}/status/204`).clickLink()).startsWith("GoError: the body is null so we can't transform it to HTML"),
    relative: () => made('<a href=next>x</a>') === '/echo/dir/next',
    'up, with query and fragment': () => made('<a href=../up?x=1#frag>x</a>') === '/echo/up?x=1#frag',
    'only a query': () => made('<a href=?q=1>x</a>') === '/echo/dir/page?q=1',
    'only a fragment': () => made('<a href=#top>x</a>') === '/echo/dir/page#top',
    'empty href': () => made('<a href=>x</a>') === '/echo/dir/page',
    'without href is passed over': () => made('<a>n</a><a href=two>x</a>') === '/echo/dir/two',
    'but not by a selector': () => thrown(() => made('<a>n</a><a href=two>x</a>', { selector: 'a' })).startsWith("GoError: no valid href attribute value found on element 'a'"),
    'base is ignored': () => made('<base href=/other/><a href=two>x</a>') === '/echo/dir/two',
    'any element with href': () => made('<link href=/echo/l>', { selector: 'link' }) === '/echo/l',
    'broken href': () => thrown(() => made('<a href=http://%zz>x</a>')) === 'GoError: parse "http://%zz": invalid URL escape "%zz"',
  });
}
