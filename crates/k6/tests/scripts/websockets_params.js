// WebSocket: the third argument of the constructor (headers, jar, tags, compression) and the subprotocol argument.
import { WebSocket } from 'k6/experimental/websockets';
import http from 'k6/http';
import { check } from 'k6';
export default async function () {
  const base = __ENV.BASE.replace('http', 'ws');
  const open = (protocols, params) => new Promise((resolve) => {
    const socket = new WebSocket(`${base}/ws`, protocols, params);
    socket.onopen = () => { socket.close(); };
    socket.onclose = () => resolve(socket.protocol);
    socket.onerror = (e) => resolve(e.error);
  });
  const jar = new http.CookieJar();
  const fails = (path, params) => new Promise((resolve) => { const s = new WebSocket(base + path, null, params); s.onclose = resolve; });
  await fails('/cookie/set/own', { jar });
  await fails('/cookie/set/common', { jar: null });
  const protocols = [await open('echo'), await open(['x', 'echo']), await open([]), await open('x'), await open('x, echo'), await open(null), await open(5)];
  const header = await open(null, { headers: { 'Sec-WebSocket-Protocol': 'echo' } });
  const both = await open(['echo'], { headers: { 'Sec-WebSocket-Protocol': 'x' } });
  const reserved = await open('echo', { headers: { Upgrade: 'x' } });
  const compressed = await open('echo', { compression: 'deflate', tags: { mine: 'yes', name: 'named' } });
  check(protocols, {
    'a protocol': (p) => p[0] === 'echo' && p[1] === 'echo',
    'none': (p) => p[2] === '' && p[5] === '',
    'not chosen': (p) => p[3] === '',
    'a list in a string': (p) => p[4] === 'echo',
    'a number is ignored': (p) => p[6] === '',
    'as a header': () => header === 'echo',
    'header and argument': () => both === 'websocket: duplicate header not allowed: Sec-Websocket-Protocol',
    'reserved header': () => reserved === 'websocket: duplicate header not allowed: Upgrade',
    'compression refused by the server': () => compressed === 'echo',
    'own jar': () => jar.cookiesForURL(__ENV.BASE).id[0] === 'own',
    'jar null is the one of the VU': () => http.cookieJar().cookiesForURL(__ENV.BASE).id[0] === 'common',
  });
}
