// counts depend on time: of the sessions that an exception ends, k6 counts some.
// WebSocket: an exception in a handler gives error and close events, is logged, and ends the iteration.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
export const options = { iterations: 5 };
export default function () {
  const names = ['open', 'message', 'error', 'close', 'pong'];
  const thrower = names[__ITER];
  const socket = new WebSocket(thrower === 'error' ? 'ws://127.0.0.1:1/' : `${__ENV.BASE.replace('http', 'ws')}/ws`);
  const boom = (name) => { if (name === thrower) throw new Error(`in ${name}`); };
  socket.onopen = () => { boom('open'); socket.send('x'); };
  socket.onmessage = () => { boom('message'); socket.ping(); };
  socket.onpong = () => { boom('pong'); socket.close(); };
  socket.onerror = (e) => {
    check(e.error, { [`error event after an exception in ${thrower}`]: (m) => m.replace(/ at .*/, '') === (thrower === 'error' ? 'dial tcp 127.0.0.1:1: connect: connection refused' : `Error: in ${thrower}`) });
    boom('error');
  };
  socket.onclose = () => { check(socket, { [`close event, ${thrower}`]: (s) => s.readyState === 3 }); boom('close'); };
}
