// k6/ws: a failed connection does not throw but returns a result; wrong arguments throw a GoError.
import ws from 'k6/ws';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default function () {
  const base = __ENV.BASE.replace('http', 'ws');
  let called = 0;
  const setup = (s) => { called += 1; s.on('error', () => { called += 1; }); };
  const failed = (message) => ({ url: '', status: 0, headers: {}, body: '', error: message });
  const missing = ws.connect(`${base}/status/404`, setup);
  const health = ws.connect(`${base}/health`, null, setup);
  check(null, {
    'refused': () => same(ws.connect('ws://127.0.0.1:1/ws', {}, setup), failed('dial tcp 127.0.0.1:1: connect: connection refused')),
    'http scheme': () => same(ws.connect(`${__ENV.BASE}/ws`, setup), failed('malformed ws or wss URL')),
    'empty url': () => same(ws.connect('', setup), failed('malformed ws or wss URL')),
    'no url': () => same(ws.connect('::x', setup), failed('parse "::x": missing protocol scheme')),
    '404: status, no url, no error': () => missing.status === 404 && missing.url === '' && missing.error === '' && missing.body === '',
    '404: headers': () => missing.headers['Content-Length'] === '0',
    '200: the body of the answer': () => health.status === 200 && health.error === '' && health.body === '{"status":"healthy"}',
    'redirects are not followed': () => ws.connect(`${base}/redirect/1`, setup).headers.Location === '/echo',
    'the setup function is not called': () => called === 0,
    'no function': () => error(() => ws.connect(`${base}/ws`)) === 'GoError: invalid number of arguments to ws.connect',
    'no function after params': () => error(() => ws.connect(`${base}/ws`, {}, 'x')) === 'GoError: last argument to ws.connect must be a function',
  });
}
