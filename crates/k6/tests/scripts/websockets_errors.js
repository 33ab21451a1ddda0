// WebSocket: what the constructor throws, and the error event followed by close when there is no connection.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const error = (f) => { try { f(); return 'none'; } catch (e) { return e.name === 'GoError' ? e.message : String(e); } };
function fail(url) {
  return new Promise((resolve) => {
    const seen = [];
    const socket = new WebSocket(url);
    socket.onopen = () => seen.push('open');
    socket.onerror = (e) => seen.push(Object.keys(e).join(), e.type, e.error, String(e.message), socket.readyState);
    socket.onclose = (e) => { seen.push(e.type, Object.keys(e).join(), socket.readyState, socket.protocol); resolve(seen.join('|')); };
  });
}
export default async function () {
  const url = `${__ENV.BASE.replace('http', 'ws')}/ws`;
  const failed = (message) => `type,target,timestamp,error|error|${message}|undefined|3|close|type,target,timestamp|3|`;
  const refused = await fail('ws://127.0.0.1:1/ws');
  const missing = await fail(url.replace(/\/ws$/, '/status/404'));
  const health = await fail(url.replace(/\/ws$/, '/health'));
  check(null, {
    'refused': () => refused === failed('dial tcp 127.0.0.1:1: connect: connection refused'),
    'not found': () => missing === failed('websocket: bad handshake'),
    'no websocket': () => health === failed('websocket: bad handshake'),
    'no url': () => error(() => new WebSocket()) === 'WebSocket requires a url',
    'null': () => error(() => new WebSocket(null)) === 'WebSocket requires url with scheme ws or wss, but got ""',
    'scheme': () => error(() => new WebSocket(__ENV.BASE)) === 'WebSocket requires url with scheme ws or wss, but got "http"',
    'fragment': () => error(() => new WebSocket(`${url}#f`)) === 'WebSocket requires no url fragment, but got "f"',
    'unparsable': () => error(() => new WebSocket('::x')) === 'WebSocket requires valid url, but got "::x" which resulted in parse "::x": missing protocol scheme',
    'unknown param': () => error(() => new WebSocket(url, null, { foo: 1 })) === "unknown WebSocket's option foo",
    'null params': () => error(() => new WebSocket(url, null, null)) === 'TypeError: Cannot convert undefined or null to object',
    'compression': () => error(() => new WebSocket(url, null, { compression: 'gzip' })) === "unsupported compression algorithm 'gzip', supported algorithm is 'deflate'",
    'bad tag': () => error(() => new WebSocket(url, null, { tags: { a: {} } })) === "invalid WebSocket tags option: invalid value for metric tag 'a': only String, Boolean and Number types are accepted as a metric tag values",
  });
}
