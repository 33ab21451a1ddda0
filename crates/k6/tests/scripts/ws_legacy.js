// k6/ws connect blocks until closed: order of events, what each handler is given, the returned value.
import ws from 'k6/ws';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export default function () {
  const url = `${__ENV.BASE.replace('http', 'ws')}/ws`;
  const seen = [];
  const note = (name, values) => seen.push([name].concat(Array.from(values)));
  let keys, binary;
  const res = ws.connect(url, { headers: { 'Sec-WebSocket-Protocol': 'echo' } }, function (socket) {
    keys = Object.keys(socket).sort().join();
    socket.on('open', function () { note('open', arguments); note('send', [socket.send('hello')]); });
    socket.on('open', () => note('open again', []));
    socket.on('message', function () { note('message', arguments); note('sendBinary', [socket.sendBinary(new Uint8Array([1, 2, 3]).buffer)]); });
    socket.on('binaryMessage', function (data) { binary = data; note('binaryMessage', [arguments.length]); note('ping', [socket.ping()]); });
    socket.on('pong', function () { note('pong', arguments); note('close()', [socket.close()]); });
    socket.on('close', function () { note('close', arguments); });
    socket.on('error', (e) => note('error', [e.error()]));
    note('setup', [socket.on('nothing', 5), socket.setTimeout(() => note('never', []), 2000)]);
  });
  check(res, {
    'the order of events': () => same(seen, [['setup', null, null], ['open'], ['send', null], ['open again'], ['message', 'hello'], ['sendBinary', null],
      ['binaryMessage', 1], ['ping', null], ['pong'], ['close', 1001], ['close()', null]]),
    'binary data is an ArrayBuffer': () => binary instanceof ArrayBuffer && same(Array.from(new Uint8Array(binary)), [1, 2, 3]),
    'methods of the socket': () => keys === 'close,on,ping,send,sendBinary,setInterval,setTimeout',
    'keys of the result': (r) => same(Object.keys(r), ['url', 'status', 'headers', 'body', 'error']),
    'status': (r) => r.status === 101,
    'url': (r) => r.url === url,
    'body and error are empty strings': (r) => r.body === '' && r.error === '',
    'subprotocol in canonical header name': (r) => r.headers['Sec-Websocket-Protocol'] === 'echo',
    'upgrade headers': (r) => r.headers.Upgrade === 'websocket' && r.headers['Sec-Websocket-Accept'].length === 28,
    'no lower-case names': (r) => r.headers.upgrade === undefined,
  });
}
