// k6/ws: headers, cookie jar, compression, subprotocol and tags given to connect, seen in the handshake request.
import ws from 'k6/ws';
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const base = __ENV.BASE.replace('http', 'ws');
  http.cookieJar().set(__ENV.BASE, 'mine', '1');
  const jar = new http.CookieJar();
  jar.set(__ENV.BASE, 'own', '2');
  // /echo is no websocket, so its answer tells what was sent
  const sent = (params) => JSON.parse(ws.connect(`${base}/echo`, params, () => 0).body).headers;
  const fails = (params) => { try { return ws.connect(`${base}/ws`, params, () => 0).error; } catch (e) { return String(e); } };
  const chosen = (p) => ws.connect(`${base}/ws`, { headers: { 'Sec-WebSocket-Protocol': p } }, (s) => s.close()).headers['Sec-Websocket-Protocol'];
  const plain = sent(null);
  check(plain, {
    'the handshake': (h) => h.connection === 'Upgrade' && h.upgrade === 'websocket' && h['sec-websocket-version'] === '13',
    'nothing else': (h) => Object.keys(h).sort().join() === 'connection,cookie,host,sec-websocket-key,sec-websocket-version,upgrade,user-agent',
    'cookies of the VU': (h) => h.cookie === 'mine=1',
    'own jar': () => sent({ jar }).cookie === 'own=2',
    'jar null is the one of the VU': () => sent({ jar: null }).cookie === 'mine=1',
    'a Cookie header is sent instead of the jar': () => sent({ headers: { Cookie: 'a=b' } }).cookie === 'a=b',
    'own headers': () => { const h = sent({ headers: { 'X-Num': 5, 'user-agent': 'me', Host: 'foo.test' } }); return h['x-num'] === '5' && h['user-agent'] === 'me' && h.host === 'foo.test'; },
    'blank compression': () => sent({ compression: ' ' })['sec-websocket-extensions'] === undefined,
    'unknown compression': () => fails({ compression: 'gzip' }) === "GoError: unsupported compression algorithm 'gzip', supported algorithm is 'deflate'",
    'unknown params are ignored': () => sent({ nope: 1 }).host === plain.host,
    'reserved header': () => fails({ headers: { 'Sec-WebSocket-Key': 'a' } }) === 'websocket: duplicate header not allowed: Sec-Websocket-Key',
    'bad tag': () => fails({ tags: { a: {} } }) === "GoError: invalid ws.connect() metric tags: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
    'subprotocol': () => chosen('echo') === 'echo' && chosen('other, echo') === 'echo' && chosen('other') === undefined,
    'a set cookie is kept': () => { ws.connect(`${base}/cookie/set/x9`, () => 0); return http.cookieJar().cookiesForURL(__ENV.BASE).id[0] === 'x9'; },
    'a refused body is cut': () => ws.connect(`${base}/bytes/2000`, () => 0).body.length === 1024,
  });
}
