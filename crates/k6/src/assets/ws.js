const own = globalThis.__plimsoll;

const fail = (message) => { throw new own.GoError(message); };
const problem = (text) => ({ error: () => text, toString: () => text });

// Holds the script until the session is over; whatever is heard meanwhile is told to the handlers.
export function connect(...given) {
  if (given.length < 2 || given.length > 3) fail("invalid number of arguments to ws.connect");
  const setup = given.at(-1), url = String(given[0]), params = given.length === 3 ? given[1] ?? {} : {};
  if (typeof setup !== "function") fail("last argument to ws.connect must be a function");
  const { Session, checkTags, checkCompression } = own.sockets;
  checkCompression(params.compression);
  const tags = checkTags(params.tags, "ws.connect() metric tags");
  const timers = [], handlers = {};
  let answer, closed = false;

  const emit = (event, ...values) => { for (const handler of handlers[event] ?? []) handler.call(undefined, ...values); };
  const close = (code = 1001) => {
    if (closed) return;
    closed = true;
    session.say("close", code);
    emit("close", code);
  };
  const say = (kind, data) => {
    if (kind !== "ping") session.sample("ws_msgs_sent", 1);
    if (closed) return emit("error", problem("websocket: close sent"));
    const wrong = session.say(kind, data);
    if (wrong !== undefined && wrong !== null) emit("error", problem(wrong));
  };
  const hear = (kind, ...rest) => {
    if (kind === "open" || kind === "failed") answer = { kind, ...rest[0] };
    else if (closed) return;
    else if (kind === "text") emit("message", rest[0]);
    else if (kind === "binary") emit("binaryMessage", rest[0]);
    else if (kind === "ping" || kind === "pong") emit(kind);
    else if (kind === "close") {
      const code = rest[0] ?? 1005;
      if (code !== 1000 && code !== 1001) emit("error", problem(`websocket: close ${code}${rest[1] ? `: ${rest[1]}` : ""}`));
      closed = true;
      emit("close", code);
    } else {
      closed = true;
      if (kind === "lost") emit("error", problem(rest[0]));
      emit("close", 1006);
    }
  };
  const session = new Session(url, { headers: params.headers, jar: params.jar, tags }, hear);

  const start = (name, every) => (callback, ms) => {
    const wait = Number(ms);
    if (!(wait > 0)) fail(`${name} requires a >0 timeout parameter, received ${(wait || 0).toFixed(2)}`);
    if (typeof callback !== "function") throw new TypeError(`could not convert function call parameter 0: could not convert ${callback} to sobek.Callable`);
    timers.push({ at: own.now() + wait, callback, every: every ? wait : undefined });
  };
  const runTimers = () => {
    const due = timers.filter((timer) => timer.at <= own.now()).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      if (closed) return;
      if (timer.every === undefined) timers.splice(timers.indexOf(timer), 1); else timer.at += timer.every;
      timer.callback.call(undefined);
    }
  };
  const socket = {
    on(event, handler) { if (typeof handler === "function") (handlers[event] ??= []).push(handler); },
    send(text) { say("text", text === undefined || text === null ? "" : String(text)); },
    sendBinary(...data) {
      if (!data.length) fail("missing argument, expected ArrayBuffer");
      if (!(data[0] instanceof ArrayBuffer)) fail(`expected ArrayBuffer as argument, received: ${data[0]?.constructor?.name ?? data[0]}`);
      say("binary", data[0]);
    },
    ping() { say("ping", ""); },
    close(code) { close(code); },
    setTimeout: start("setTimeout", false),
    setInterval: start("setInterval", true),
  };

  while (answer === undefined) own.wsNext();
  const { kind, status, headers, body, error } = answer;
  if (kind === "failed") {
    session.end();
    const answered = status > 0;
    if (own.throws()) fail(answered ? "websocket: bad handshake" : error);
    return { url: "", status, headers, body: body.slice(0, 1024), error: answered ? "" : error };
  }
  try {
    setup.call(undefined, socket);
    emit("open");
    while (!closed) {
      runTimers();
      if (!closed) own.wsNext(...(timers.length ? [Math.min(...timers.map((timer) => timer.at))] : []));
    }
  } catch (thrown) {
    close();
    throw thrown;
  } finally {
    session.forget();
    session.end();
  }
  return { url, status, headers, body: "", error: "" };
}

export default { connect };
