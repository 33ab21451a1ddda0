// WebSocket: bufferedAmount counts UTF-8 bytes of what waits; pings and close frames make it negative.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default async function () {
  const socket = new WebSocket(`${__ENV.BASE.replace('http', 'ws')}/ws`);
  const amounts = [socket.bufferedAmount];
  const note = () => amounts.push(socket.bufferedAmount);
  socket.onopen = () => { socket.send('a'); note(); socket.send('žž'); note(); socket.send(new Uint16Array(3)); note(); };
  await wait(150);
  note();
  socket.ping();
  note();
  await wait(100);
  note();
  socket.close(1000, 'xy');
  await wait(100);
  note();
  check(amounts, {
    'nothing at first': (a) => a[0] === 0,
    'one byte': (a) => a[1] === 1,
    'two characters of two bytes': (a) => a[2] === 5,
    'binary': (a) => a[3] === 11,
    'sent': (a) => a[4] === 0,
    'a ping is not counted': (a) => a[5] === 0,
  });
}
