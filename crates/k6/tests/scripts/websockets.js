// WebSocket of k6/experimental/websockets: order of the events, fields of the event objects, properties over the socket's life.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export default async function () {
  const url = `${__ENV.BASE.replace('http', 'ws')}/ws`;
  const socket = new WebSocket(url, ['other', 'echo']);
  const seen = [];
  const events = {};
  const state = () => [socket.readyState, socket.url === url, socket.protocol, socket.extensions, socket.binaryType];
  const before = state();
  let opened, returned;
  const note = (name) => (e) => { seen.push(name); events[e.type] = e; };
  socket.addEventListener('open', note('open listener'));
  socket.onopen = (e) => { note('onopen')(e); opened = state(); returned = [socket.send('hello'), socket.ping()]; };
  socket.addEventListener('message', note('message listener 1'));
  socket.addEventListener('message', note('message listener 2'));
  socket.onmessage = note('onmessage');
  socket.onerror = note('onerror');
  socket.onpong = (e) => { note('onpong')(e); seen.push(`close() ${socket.close(1000, 'enough')} ${socket.readyState}`); };
  await new Promise((resolve) => { socket.onclose = (e) => { note('onclose')(e); resolve(); }; });
  check(seen, {
    'order': (v) => same(v, ['onopen', 'open listener', 'onmessage', 'message listener 1', 'message listener 2', 'onpong', 'close() undefined 2', 'onclose']),
    'connecting': () => same(before, [0, true, '', [], 'blob']),
    'open': () => same(opened, [1, true, 'echo', [], 'blob']),
    'closed': () => same(state(), [3, true, 'echo', [], 'blob']),
    'send and ping return nothing': () => same(returned, [null, null]),
    'fields of open': () => Object.keys(events.open).join() === 'type,target,timestamp',
    'fields of message': () => Object.keys(events.message).join() === 'type,target,timestamp,data,origin',
    'fields of pong': () => Object.keys(events.pong).join() === 'type,target,timestamp',
    'close has no code, reason and wasClean': () => Object.keys(events.close).join() === 'type,target,timestamp',
    'target': () => events.open.target === socket && events.message.target === socket && events.close.target === socket,
    'message': () => events.message.data === 'hello' && events.message.origin === url,
    'timestamp is in milliseconds': () => typeof events.open.timestamp === 'number' && Math.abs(Date.now() - events.open.timestamp) < 60000,
  });
}
