// WebSocket: binaryType, and what send makes of buffers, views and other types.
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default async function () {
  const socket = new WebSocket(`${__ENV.BASE.replace('http', 'ws')}/ws`);
  const early = error(() => socket.send('early'));
  await new Promise((resolve) => { socket.onopen = resolve; });
  const next = () => new Promise((resolve) => { socket.onmessage = (e) => resolve(e.data); });
  const echoed = (value) => { const answer = next(); socket.send(value); return answer; };
  const bytes = (data) => Array.from(new Uint8Array(data)).join();
  const blob = await echoed(new Uint8Array([1, 2, 3]).buffer);
  socket.binaryType = 'arraybuffer';
  const buffer = await echoed(new Uint8Array([1, 2, 3]).buffer);
  const view = await echoed(new Uint8Array([4, 5, 6, 7]).subarray(1, 3));
  const wide = await echoed(new Uint16Array([1, 258]));
  const text = await echoed('žluť');
  const content = bytes(await blob.arrayBuffer());
  const unsupported = [5, 1.5, true, null, undefined, {}, [1], new DataView(new ArrayBuffer(2))].map((v) => error(() => socket.send(v)));
  const type = error(() => { socket.binaryType = 'text'; });
  socket.close();
  check(null, {
    'sent too early': () => early === 'GoError: InvalidStateError',
    'a blob by default': () => String(blob) === '[object Blob]' && blob.size === 3 && blob.type === '' && content === '1,2,3',
    'arraybuffer': () => buffer instanceof ArrayBuffer && bytes(buffer) === '1,2,3',
    'a view sends its whole buffer': () => bytes(view) === '4,5,6,7',
    'wide elements': () => bytes(wide) === '1,0,2,1',
    'text stays text': () => text === 'žluť',
    'unknown binaryType': () => type === 'GoError: unknown binaryType text, the supported ones are "blob" and "arraybuffer"' && socket.binaryType === 'arraybuffer',
    'unsupported types': () => unsupported.map((u) => u.replace('GoError: unsupported send type ', '')).join() ===
      'int64,float64,bool,<nil>,<nil>,map[string]interface {},[]interface {},map[string]interface {}',
    'sent while closing': () => socket.readyState === 2 && error(() => socket.send('late')) === 'GoError: InvalidStateError',
  });
}
