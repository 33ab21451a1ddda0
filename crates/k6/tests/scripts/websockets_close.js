// WebSocket: closing by either side, with which codes there is an error event, and closing before it is open.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const error = (f) => { try { return String(f()); } catch (e) { return String(e); } };
function run(setup) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${__ENV.BASE.replace('http', 'ws')}/ws`);
    const seen = [];
    socket.addEventListener('error', (e) => seen.push(`error ${e.error}`));
    socket.addEventListener('message', (e) => seen.push(`message ${e.data}`));
    socket.addEventListener('close', (e) => { seen.push(`close ${socket.readyState} ${e.code} ${e.reason} ${e.wasClean}`); resolve(seen.join('; ')); });
    setup(socket, seen);
  });
}
export default async function () {
  const closed = 'close 3 undefined undefined undefined';
  const none = await run((s) => { s.onopen = () => s.close(); });
  const away = await run((s) => { s.onopen = () => s.close(1001, 'away'); });
  const own = await run((s) => { s.onopen = () => s.close(3000, 'why'); });
  const server = await run((s) => { s.onopen = () => s.send('close'); });
  const early = await run((s, seen) => { s.onopen = () => seen.push('open'); s.close(); seen.push(`early ${s.readyState}`); });
  const twice = await run((s, seen) => { s.onopen = () => { s.close(); seen.push(error(() => s.close(4000))); }; });
  const pending = await run((s) => { s.onopen = () => { s.send('unanswered'); s.close(); }; });
  const after = await run((s, seen) => { s.onopen = () => s.close(); s.onclose = () => seen.push(error(() => s.send('x')), error(() => s.ping()), error(() => s.close())); });
  check(null, {
    'normal closure': () => none === closed && away === closed,
    'another code gives an error event before close': () => own === `error websocket: close 3000: why; ${closed}`,
    'closed by the server': () => server === closed,
    'closed while connecting never opens': () => early === `early 2; ${closed}`,
    'a second close does nothing': () => twice === `undefined; ${closed}`,
    'messages after close() are dropped': () => pending === closed,
    'used after close': () => after === `GoError: InvalidStateError; GoError: InvalidStateError; undefined; ${closed}`,
  });
}
