// k6/experimental/streams: ReadableStream with start and pull, reading, closing, locking and releasing.
import { ReadableStream, ReadableStreamDefaultReader } from 'k6/experimental/streams';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const error = (f) => { try { return String(f()); } catch (e) { return String(e); } };
const fails = async (f) => { try { return `got ${await f()}`; } catch (e) { return String(e); } };
export default async function () {
  const sizes = [];
  let pulls = 0;
  const stream = new ReadableStream({
    start(controller) { sizes.push(controller.desiredSize); controller.enqueue('a'); sizes.push(controller.desiredSize); controller.enqueue({ b: 1 }); sizes.push(controller.desiredSize); },
    pull(controller) { pulls += 1; if (pulls === 3) controller.close(); else controller.enqueue(pulls); },
  }, { highWaterMark: 3 });
  const before = stream.locked;
  const reader = stream.getReader();
  const locked = [stream.locked, error(() => stream.getReader()), await fails(() => stream.cancel())];
  const chunks = [];
  for (let i = 0; i < 6; i += 1) chunks.push(await reader.read());
  const closed = await fails(() => reader.closed);
  const released = [error(() => reader.releaseLock()), stream.locked, await fails(() => reader.read()), await fails(() => reader.closed), error(() => reader.releaseLock())];
  const again = await stream.getReader().read();
  let controls;
  const full = new ReadableStream({ start(c) { c.enqueue('x'); c.close(); controls = [c.desiredSize, error(() => c.close()), error(() => c.enqueue(1))]; } }).getReader();
  const last = [await full.read(), await full.read()];
  check(chunks, {
    'chunks in order': (c) => same(c.slice(0, 4).map((x) => [x.value, x.done]), [['a', false], [{ b: 1 }, false], [1, false], [2, false]]),
    'done': (c) => c[4].done === true && c[4].value === undefined && c[5].done === true,
    'pulled until closed': () => pulls === 3,
    'desiredSize': () => same(sizes, [3, 2, 1]),
    'locked by the reader': () => before === false && locked[0] === true,
    'no second reader, no cancel': () => locked[1] === 'TypeError: stream is locked' && locked[2] === 'TypeError: cannot cancel a locked stream',
    'closed is resolved': () => closed === 'got undefined',
    'released': () => same(released, ['undefined', false, 'TypeError: stream is undefined', 'TypeError: stream is not readable', 'undefined']),
    'a new reader is at the end': () => again.done === true,
    'closed with chunks waiting': () => same(last.map((x) => [x.value, x.done]), [['x', false], [null, true]]),
    'no more after close': () => same(controls, [0, 'TypeError: cannot close or enqueue', 'TypeError: cannot close or enqueue']),
    'no instances of the classes': () => !(stream instanceof ReadableStream) && !(reader instanceof ReadableStreamDefaultReader) && String(stream) === '[object Object]',
  });
}
