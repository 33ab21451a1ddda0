import { ReadableStream } from "k6/experimental/streams";

const own = globalThis.__plimsoll;

const fail = (message) => { throw new own.GoError(message); };
const EVENTS = ["open", "message", "error", "close", "ping", "pong"];
const PARAMS = ["headers", "tags", "jar", "compression"];

const checkUrl = (...given) => {
  if (!given.length || given[0] === undefined) fail("WebSocket requires a url");
  const url = given[0] === null ? "" : String(given[0]);
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url) ?? [];
  if (scheme === undefined && url.startsWith(":")) fail(`WebSocket requires valid url, but got "${url}" which resulted in parse "${url}": missing protocol scheme`);
  if (!["ws", "wss"].includes(scheme)) fail(`WebSocket requires url with scheme ws or wss, but got "${scheme ?? ""}"`);
  const [, fragment] = url.split("#");
  if (fragment) fail(`WebSocket requires no url fragment, but got "${fragment}"`);
  return url;
};

// Handlers of a socket's events: the one of on..., then the listeners in their order.
class Handlers {
  constructor() { this.own = {}; this.listeners = {}; }
  set(event, handler) {
    if (handler !== null && handler !== undefined && typeof handler !== "function") fail(`a value for 'on${event}' should be callable`);
    this.own[event] = handler ?? undefined;
  }
  add(event, handler) {
    if (!EVENTS.includes(event)) return own.say("warning", `can't add event handler: unknown event type: ${event}`);
    if (handler === undefined || handler === null) fail(`handler for event type "${event}" isn't a callable function`);
    if (typeof handler !== "function") throw new TypeError(`could not convert function call parameter 1: could not convert ${handler} to func(sobek.Value) (sobek.Value, error)`);
    (this.listeners[event] ??= []).push(handler);
  }
  tell(event) { for (const handler of [this.own[event.type], ...(this.listeners[event.type] ?? [])]) handler?.call(undefined, event); }
}

const bytesOf = (text) => new Uint8Array(own.bytes(text)).byteLength;

export function WebSocket(...given) {
  const url = checkUrl(...given), [, protocols] = given;
  if (given.length > 2 && given[2] === null) throw new TypeError("Cannot convert undefined or null to object");
  const params = given[2] ?? {}, unknown = Object.keys(params).find((name) => !PARAMS.includes(name));
  if (unknown !== undefined) fail(`unknown WebSocket's option ${unknown}`);
  const { Session, checkTags, checkCompression } = own.sockets;
  checkCompression(params.compression);
  const tags = checkTags(params.tags, "WebSocket tags option");
  const wanted = typeof protocols === "string" ? [protocols] : Array.isArray(protocols) ? protocols.filter((name) => typeof name === "string") : [];
  const handlers = new Handlers();
  let state = 0, buffered = 0, protocol = "", kind = "blob", hurried;

  const event = (type, more) => ({ type, target: socket, timestamp: own.clockMs(), ...more });
  const over = () => { state = 3; handlers.tell(event("close")); };
  // A handler that throws ends the session, and then the iteration.
  const guarded = (type, more) => {
    try { handlers.tell(event(type, more)); } catch (thrown) {
      session.say("close", 1001);
      session.forget();
      state = 3;
      session.end();
      handlers.tell(event("error", { error: String(thrown) }));
      handlers.tell(event("close"));
      throw thrown;
    }
  };
  const write = (what, data, reason) => {
    session.sample("ws_msgs_sent", 1);
    const wrong = session.say(what, data, reason);
    if (wrong !== undefined && wrong !== null) handlers.tell(event("error", { error: wrong }));
  };
  const hear = (what, ...rest) => {
    if (what === "open") {
      protocol = rest[0].headers["Sec-Websocket-Protocol"] ?? "";
      if (hurried) return write("close", ...hurried);
      state = 1;
      guarded("open");
    } else if (what === "failed") {
      state = 3;
      handlers.tell(event("error", { error: rest[0].status > 0 ? "websocket: bad handshake" : rest[0].error }));
      over();
    } else if (what === "text" || what === "binary") {
      if (state !== 1) return;
      const data = what === "text" ? rest[0] : kind === "blob" ? new Blob([rest[0]]) : rest[0];
      guarded("message", { data, origin: url });
    } else if (what === "ping" || what === "pong") {
      handlers.tell(event(what));
    } else if (what === "close") {
      const [code, reason] = rest;
      if (code !== null && code !== undefined && code !== 1000 && code !== 1001) {
        handlers.tell(event("error", { error: `websocket: close ${code}${reason ? `: ${reason}` : ""}` }));
      }
      finish();
    } else if (state !== 3) {
      if (what === "lost") handlers.tell(event("error", { error: rest[0] }));
      finish();
    }
  };
  const finish = () => {
    if (state === 3) return;
    session.forget();
    session.end();
    over();
  };
  const mustBeOpen = () => { if (state !== 1) fail("InvalidStateError"); };

  const socket = {
    addEventListener(type, handler) { handlers.add(String(type), handler); },
    send(data) {
      mustBeOpen();
      if (data instanceof Blob) data = data.buffer();
      if (ArrayBuffer.isView(data) && !(data instanceof DataView)) data = data.buffer;
      if (typeof data !== "string" && !(data instanceof ArrayBuffer)) fail(`unsupported send type ${own.goType(data)}`);
      buffered += typeof data === "string" ? bytesOf(data) : data.byteLength;
      write(typeof data === "string" ? "text" : "binary", data);
      // Written by the time anybody can look again.
      Promise.resolve().then(() => { buffered -= typeof data === "string" ? bytesOf(data) : data.byteLength; });
    },
    ping() { mustBeOpen(); write("ping", "0"); },
    close(code = 1000, reason = "") {
      if (state > 1) return;
      const wasOpen = state === 1;
      state = 2;
      if (wasOpen) write("close", Number(code), String(reason)); else hurried = [Number(code), String(reason)];
    },
  };
  const shown = (name, get, set) => Object.defineProperty(socket, name, {
    enumerable: true, get, set: set ?? (() => { throw new TypeError(`Cannot assign to read only property '${name}'`); }),
  });
  shown("url", () => url);
  shown("readyState", () => state);
  shown("bufferedAmount", () => buffered);
  shown("extensions", () => []);
  shown("protocol", () => protocol);
  shown("binaryType", () => kind, (value) => {
    if (value !== "blob" && value !== "arraybuffer") fail(`unknown binaryType ${value}, the supported ones are "blob" and "arraybuffer"`);
    kind = value;
  });
  for (const type of ["message", "error", "open", "close", "ping", "pong"]) shown(`on${type}`, () => handlers.own[type], (handler) => handlers.set(type, handler));
  const session = new Session(url, { headers: params.headers, jar: params.jar, tags: { name: url, ...tags, ...(tags.name === undefined ? {} : { url: tags.name }) }, protocols: wanted }, hear);
  session.accepts = () => state === 1;
  return socket;
}

// Bytes by name (File API, as far as k6 has it).
export class Blob {
  #bytes;
  constructor(parts = [], options = undefined) {
    if (!Array.isArray(parts)) fail(`failed to process [blobParts]: could not convert ${parts} to []interface {}`);
    if (options !== undefined && (options === null || typeof options !== "object")) fail("[options] must be an object");
    this.#bytes = new Uint8Array(own.concat(parts.map((part) => Blob.#of(part))));
    const fixed = (name, value) => Object.defineProperty(this, name, { enumerable: true, get: () => value(), set: () => { throw new TypeError(`Cannot assign to read only property '${name}'`); } });
    fixed("size", () => this.#bytes.byteLength);
    const type = options?.type === undefined ? "" : String(options.type);
    fixed("type", () => type);
    this.arrayBuffer = async () => this.buffer();
    this.bytes = async () => new Uint8Array(this.buffer());
    this.slice = (from, to, kind) => new Blob([this.#bytes.buffer.slice(from ?? 0, to)], { type: kind ?? "" });
    this.text = async () => own.text(this.#bytes.buffer);
    // Of one text, which leaves nothing behind.
    this.stream = () => {
      const text = own.text(this.#bytes.buffer);
      this.#bytes = new Uint8Array(0);
      return new ReadableStream({ start(controller) { controller.enqueue(text); controller.close(); } });
    };
  }
  static #of(part) {
    if (part instanceof Blob) return part.buffer();
    if (part instanceof DataView) return part.buffer;
    if (ArrayBuffer.isView(part)) return part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength);
    if (part instanceof ArrayBuffer || typeof part === "string") return part;
    return fail(`failed to process [blobParts]: unsupported type: ${own.goType(part)}`);
  }
  buffer() { return this.#bytes.buffer.slice(0); }
  get [Symbol.toStringTag]() { return "Blob"; }
  toJSON() { return { size: this.size, type: this.type }; }
}

export default { WebSocket, Blob };
