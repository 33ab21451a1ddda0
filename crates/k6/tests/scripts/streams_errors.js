// k6/experimental/streams: errors from start, pull and the controller; cancel; wrong arguments; strategies.
import { ReadableStream, CountQueuingStrategy } from 'k6/experimental/streams';
import { check } from 'k6';
const error = (f) => { try { return String(f()); } catch (e) { return String(e); } };
const fails = async (f) => { try { const r = await f(); return r ? `${r.value} ${r.done}` : String(r); } catch (e) { return String(e); } };
async function read(source) {
  const reader = new ReadableStream(source).getReader();
  return [await fails(() => reader.read()), await fails(() => reader.read()), await fails(() => reader.closed)].join('|');
}
export default async function () {
  const thrice = (message) => `${message}|${message}|${message}`;
  const reasons = [];
  const results = {
    controller: await read({ start(c) { c.enqueue(1); c.error(new RangeError('boom')); } }),
    text: await read({ start(c) { c.error('a string'); } }),
    start: error(() => new ReadableStream({ start() { throw new Error('in start'); } })),
    asyncStart: await read({ start() { return Promise.reject(new Error('in start')); } }),
    pull: await read({ pull() { throw new Error('in pull'); } }),
    asyncPull: await read({ async pull() { throw new Error('in pull'); } }),
    waiting: await read({ start(c) { return new Promise((resolve) => setTimeout(() => { c.enqueue(5); c.close(); resolve(); }, 20)); } }),
  };
  const source = { start(c) { c.enqueue(1); }, cancel(reason) { reasons.push(reason); return 7; } };
  const stream = new ReadableStream(source);
  const cancelled = [await fails(() => stream.cancel('why')), await fails(() => stream.getReader().read())].join('|');
  const reader = new ReadableStream(source).getReader();
  const byReader = [await fails(() => reader.cancel('so')), await fails(() => reader.read()), await fails(() => reader.closed)].join('|');
  const strategy = new CountQueuingStrategy({ highWaterMark: 2 });
  const create = (...args) => error(() => new ReadableStream(...args));
  check(results, {
    'an error drops the queue': (r) => r.controller === thrice('RangeError: boom'),
    'any value': (r) => r.text === thrice('a string'),
    'start': (r) => r.start === 'Error: in start' && r.asyncStart === thrice('Error: in start'),
    'pull': (r) => r.pull === thrice('Error: in pull') && r.asyncPull === r.pull,
    'chunks of an asynchronous start': (r) => r.waiting === '5 false|undefined true|undefined',
    'cancel': () => cancelled === 'undefined|undefined true' && byReader === 'undefined|undefined true|undefined' && reasons.join() === 'why,so',
    'source': () => create(null) === 'TypeError: underlyingSource must be an object' && create(5) === create(null) && create({ start: 5 }) === 'TypeError: underlyingSource.[[start]] must be a function',
    'type': () => create({ type: 'bytes' }) === "GoError: NotSupportedError:'bytes' stream is not supported yet" && create({ type: 'x' }) === 'TypeError: invalid underlying source type',
    'highWaterMark': () => [-1, NaN, 'x'].every((highWaterMark) => create({}, { highWaterMark }) === 'RangeError: highWaterMark must be a non-negative number'),
    'size': () => create({}, { size: 5 }) === 'TypeError: size must be a function',
    'CountQueuingStrategy': () => strategy.highWaterMark === 2 && strategy.size('abc') === 1 && Object.keys(strategy).join() === 'highWaterMark,size',
    'its arguments': () => error(() => new CountQueuingStrategy()) === 'TypeError: CountQueuingStrategy takes a single argument' && error(() => new CountQueuingStrategy({})) === "TypeError: CountQueuingStrategy argument must have 'highWaterMark' property",
  });
}
