// WebSocket: setting, reading and replacing handlers, bad handlers, unknown event names, read-only properties.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default async function () {
  const socket = new WebSocket(`${__ENV.BASE.replace('http', 'ws')}/ws`);
  const keys = Object.keys(socket).join();
  const seen = [];
  const errors = [
    error(() => { socket.onmessage = 5; }),
    error(() => socket.addEventListener('open', 5)),
    error(() => socket.addEventListener('open')),
    error(() => socket.addEventListener('nope', () => 0)),
    error(() => { socket.readyState = 3; }),
    error(() => { socket.url = 'x'; }),
  ];
  socket.onopen = () => seen.push('replaced');
  socket.onopen = () => seen.push('onopen');
  socket.onmessage = () => seen.push('unset');
  socket.onmessage = null;
  socket.onmessage = undefined;
  await new Promise((resolve) => socket.addEventListener('open', function () { seen.push(`this ${this}`, arguments.length); resolve(); }));
  await new Promise((resolve) => { socket.addEventListener('message', resolve); socket.send('x'); });
  socket.close();
  check(socket, {
    'keys': () => keys === 'addEventListener,send,ping,close,url,readyState,bufferedAmount,extensions,protocol,binaryType,onmessage,onerror,onopen,onclose,onping,onpong',
    'only the last handler is called': () => seen.join() === 'onopen,this undefined,1',
    'no instance of the class': (s) => !(s instanceof WebSocket) && String(s) === '[object Object]',
    'no constants': (s) => WebSocket.OPEN === undefined && s.OPEN === undefined,
    'no removeEventListener': (s) => s.removeEventListener === undefined,
    'a handler must be a function': () => errors[0] === "GoError: a value for 'onmessage' should be callable",
    'so must a listener': () => errors[1] === 'TypeError: could not convert function call parameter 1: could not convert 5 to func(sobek.Value) (sobek.Value, error)',
    'a missing listener': () => errors[2] === 'GoError: handler for event type "open" isn\'t a callable function',
    'an unknown event only warns': () => errors[3] === 'none',
    'read-only': () => errors[4] === "TypeError: Cannot assign to read only property 'readyState'" && errors[5] === "TypeError: Cannot assign to read only property 'url'",
  });
}
