// WebSocket: several sockets at once in one iteration, with promises and timers; the iteration waits for all of them.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const options = { iterations: 2 };
export default function () {
  const order = [];
  const talk = (name, count) => new Promise((resolve) => {
    const socket = new WebSocket(`${__ENV.BASE.replace('http', 'ws')}/ws`);
    const got = [];
    socket.onopen = () => { for (let i = 0; i < count; i += 1) socket.send(`${name}${i}`); };
    socket.onmessage = (e) => { got.push(e.data); if (got.length === count) setTimeout(() => socket.close(), 60 * count); };
    socket.onclose = () => { order.push(`${name} closed`); resolve(got); };
  });
  setTimeout(() => order.push('timer'), 120);
  const all = Promise.all([talk('a', 5), talk('b', 3), talk('c', 1)]);
  const first = Promise.race([talk('d', 1), new Promise((resolve) => setTimeout(resolve, 500, 'late'))]);
  order.push('default function done');
  return Promise.all([all, first]).then(([[a, b, c], d]) => {
    check(order, {
      'nothing runs before the function ends': (o) => o[0] === 'default function done',
      'closed in order of their timers': (o) => same(o.filter((x) => /^[abc]|timer/.test(x)), ['c closed', 'timer', 'b closed', 'a closed']),
      'messages keep their order': () => same(a, ['a0', 'a1', 'a2', 'a3', 'a4']),
      'each socket gets its own': () => same(b, ['b0', 'b1', 'b2']) && same(c, ['c0']),
      'the race': () => same(d, ['d0']),
    });
  });
}
