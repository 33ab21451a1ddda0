// Streams as WHATWG has them, as far as k6 has those: readable ones of whole chunks, and writable ones.
const own = globalThis.__plimsoll;
const isFunction = (value, name) => {
  if (value !== undefined && typeof value !== "function") throw new TypeError(`${name} must be a function`);
  return value;
};

export class CountQueuingStrategy {
  constructor(...given) {
    if (!given.length) throw new TypeError("CountQueuingStrategy takes a single argument");
    if (given[0]?.highWaterMark === undefined) throw new TypeError("CountQueuingStrategy argument must have 'highWaterMark' property");
    this.highWaterMark = given[0].highWaterMark;
    this.size = () => 1;
  }
}

const quiet = (promise) => { promise.catch(() => {}); return promise; };

class ReadableState {
  constructor(source, strategy) {
    this.source = source;
    this.pull = isFunction(source.pull, "underlyingSource.[[pull]]");
    this.cancel = isFunction(source.cancel, "underlyingSource.[[cancel]]");
    const mark = strategy.highWaterMark ?? 1;
    if (typeof mark !== "number" || Number.isNaN(mark) || mark < 0) throw new RangeError("highWaterMark must be a non-negative number");
    this.size = isFunction(strategy.size, "size") ?? (() => 1);
    this.mark = mark;
    this.queue = [];
    this.waiting = [];
    this.status = "readable";
    this.pulling = false;
    this.again = false;
    this.started = false;
    this.closing = false;
  }
  get desired() { return this.status === "errored" ? null : this.status === "closed" || this.closing ? 0 : this.mark - this.queue.reduce((sum, [, size]) => sum + size, 0); }
  enqueue(chunk) {
    if (this.closing || this.status !== "readable") throw new TypeError("cannot close or enqueue");
    if (this.waiting.length) this.waiting.shift().resolve({ value: chunk, done: false });
    else this.queue.push([chunk, this.size(chunk)]);
    this.fill();
  }
  close() {
    if (this.closing || this.status !== "readable") throw new TypeError("cannot close or enqueue");
    this.closing = true;
    if (!this.queue.length) this.finish();
  }
  finish() {
    this.status = "closed";
    for (const { resolve } of this.waiting.splice(0)) resolve({ value: undefined, done: true });
    this.ended?.resolve(undefined);
  }
  error(reason) {
    if (this.status !== "readable") return;
    this.status = "errored";
    this.reason = reason;
    this.queue = [];
    for (const { reject } of this.waiting.splice(0)) reject(reason);
    this.ended?.reject(reason);
  }
  fill() {
    if (!this.started || this.closing || this.status !== "readable" || !this.pull) return;
    if (!this.waiting.length && !(this.desired > 0)) return;
    if (this.pulling) { this.again = true; return; }
    this.pulling = true;
    const done = () => {
      this.pulling = false;
      if (this.again) { this.again = false; this.fill(); }
    };
    let pulled;
    try { pulled = Promise.resolve(this.pull.call(this.source, this.controller)); } catch (reason) { pulled = Promise.reject(reason); }
    pulled.then(done, (reason) => this.error(reason));
  }
  read() {
    if (this.status === "errored") return Promise.reject(this.reason);
    if (this.queue.length) {
      const [value] = this.queue.shift();
      if (this.closing && !this.queue.length) this.finish(); else this.fill();
      return Promise.resolve({ value, done: false });
    }
    if (this.status === "closed") return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => { this.waiting.push({ resolve, reject }); this.fill(); });
  }
  async stop(reason) {
    if (this.status === "closed") return undefined;
    if (this.status === "errored") throw this.reason;
    this.queue = [];
    this.finish();
    await this.cancel?.call(this.source, reason);
    return undefined;
  }
}

function reader(state, release) {
  let mine = true, closed;
  const settle = () => {
    if (state.status === "closed") return Promise.resolve(undefined);
    if (state.status === "errored") return quiet(Promise.reject(state.reason));
    return quiet(new Promise((resolve, reject) => { state.ended = { resolve, reject }; }));
  };
  closed = settle();
  return {
    get closed() { return closed; },
    cancel(reason) { return mine ? state.stop(reason) : Promise.reject(new TypeError("stream is undefined")); },
    read() { return mine ? state.read() : Promise.reject(new TypeError("stream is undefined")); },
    releaseLock() {
      if (!mine) return;
      mine = false;
      for (const { reject } of state.waiting.splice(0)) reject(new TypeError("stream is undefined"));
      closed = quiet(Promise.reject(new TypeError("stream is not readable")));
      release();
    },
  };
}

// A plain object, as k6 makes it: it is no instance of the class.
export function ReadableStream(source = {}, strategy = {}) {
  if (source === null || typeof source !== "object") throw new TypeError("underlyingSource must be an object");
  const start = isFunction(source.start, "underlyingSource.[[start]]");
  if (source.type === "bytes") throw new own.GoError("NotSupportedError:'bytes' stream is not supported yet");
  if (source.type !== undefined) throw new TypeError("invalid underlying source type");
  const state = new ReadableState(source, strategy ?? {});
  state.controller = {
    get desiredSize() { return state.desired; },
    enqueue: (chunk) => state.enqueue(chunk), close: () => state.close(), error: (reason) => state.error(reason),
  };
  let lock;
  const stream = {
    get locked() { return lock !== undefined; },
    source,
    cancel(reason) { return lock === undefined ? state.stop(reason) : Promise.reject(new TypeError("cannot cancel a locked stream")); },
    getReader() {
      if (lock !== undefined) throw new TypeError("stream is locked");
      lock = reader(state, () => { lock = undefined; });
      return lock;
    },
    tee() { throw new own.GoError("not implemented"); },
  };
  const begun = start?.call(source, state.controller);
  Promise.resolve(begun).then(() => { state.started = true; state.fill(); }, (reason) => state.error(reason));
  return stream;
}
export function ReadableStreamDefaultReader(stream) { return stream.getReader(); }

// Chunks are handed to the sink one after another.
export function WritableStream(sink = {}) {
  const write = isFunction(sink.write, "underlyingSink.[[write]]");
  let lock, last = Promise.resolve(isFunction(sink.start, "underlyingSink.[[start]]")?.call(sink, { error: (reason) => { last = quiet(Promise.reject(reason)); } })), closed = false;
  const then = (action) => { last = last.then(action); return quiet(last); };
  const writer = {
    get ready() { return last.then(() => undefined); },
    get closed() { return last.then(() => undefined); },
    write(chunk) { return closed ? Promise.reject(new TypeError("the stream is closed")) : then(() => write?.call(sink, chunk)); },
    close() { closed = true; return then(() => sink.close?.call(sink)); },
    abort(reason) { closed = true; return then(() => sink.abort?.call(sink, reason)); },
    releaseLock() { lock = undefined; },
  };
  return {
    get locked() { return lock !== undefined; },
    getWriter() {
      if (lock !== undefined) throw new TypeError("stream is locked");
      lock = writer;
      return lock;
    },
    close: () => writer.close(), abort: (reason) => writer.abort(reason),
  };
}
export function WritableStreamDefaultWriter(stream) { return stream.getWriter(); }

export default { ReadableStream, CountQueuingStrategy, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter };
