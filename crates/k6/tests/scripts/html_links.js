// Link elements: the parts of href (resolved by the page's address), and its odd ones.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const parts = ['href', 'protocol', 'host', 'hostname', 'port', 'pathname', 'search', 'hash', 'origin', 'username', 'password'];
const of = (e) => parts.map((p) => e[p]()).join(' | ');

export default function () {
  const page = http.get(`${__ENV.BASE}/page`).html();
  check(page.find('#next').get(0), {
    'resolved by the page': (e) => e.href() === `${__ENV.BASE}/echo/next?page=2` && e.origin() === __ENV.BASE,
    'parts, protocol without colon': (e) => [e.protocol(), e.hostname(), e.pathname(), e.search(), e.hash()].join(' ') === 'http 127.0.0.1 /echo/next ?page=2 ',
    'text and empty attributes': (e) => e.text() === 'Next' && e.rel() === '' && e.target() === '' && e.relList().length === 0 && e.download() === '',
    'as a string': (e) => String(e) === `${__ENV.BASE}/echo/next?page=2` && e.toString() === e.href(),
    'no title accessor': (e) => e.title === undefined && e.getAttribute('title') === 'onwards',
  });
  check(page.find('a.away').get(0), {
    away: (e) => of(e) === 'http://example.invalid/away#there | http | example.invalid | example.invalid |  | /away |  | #there | http://example.invalid |  | ' && e.target() === '_blank',
  });
  const links = {
    '/rel?x=1#h': '/rel?x=1#h | : |  |  |  | /rel | ?x=1 | #h |  |  | ',
    'https://user:pw@ex.com:8443/p/q?z=1&y#f': 'https://user:pw@ex.com:8443/p/q?z=1&y#f | https | ex.com:8443 | ex.com | 8443 | /p/q | ?z=1&y | #f | https://ex.com:8443 | user | pw',
    'mailto:x@y.z': 'mailto:x@y.z | mailto |  |  |  |  |  |  | mailto:// |  | ',
    'http://ex.com': 'http://ex.com | http | ex.com | ex.com |  |  |  |  | http://ex.com |  | ',
    '//ex.com:80/x': '//ex.com:80/x | : | ex.com:80 | ex.com | 80 | /x |  |  |  |  | ',
    'http://ex.com:443/x': 'http://ex.com:443/x | http | ex.com:443 | ex.com | 443 | /x |  |  | http://ex.com:443 |  | ',
  };
  for (const href of Object.keys(links)) check(parseHTML(`<a href="${href}">x</a>`).find('a').get(0), { [href]: (e) => of(e) === links[href] });
  check(parseHTML('<a>n</a><a rel="nofollow noopener" target="_top" type="text/html" hreflang="fr" download="fn" accesskey="k">t <b>b</b></a>').find('a'), {
    'without href': (a) => of(a.get(0)) === ' | : |  |  |  |  |  |  |  |  | ' && a.get(0).toString() === '',
    attributes: (a) => ['rel', 'target', 'type', 'hrefLang', 'download', 'accessKey', 'text'].map((n) => a.get(1)[n]()).join() === 'nofollow noopener,_top,text/html,fr,fn,k,t b',
    relList: (a) => a.get(1).relList().join() === 'nofollow,noopener',
  });
}
