const own = globalThis.__plimsoll;

const fail = (message) => { throw new own.GoError(message); };
const NAMES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"];

export const StatusOK = 0, StatusCanceled = 1, StatusUnknown = 2, StatusInvalidArgument = 3, StatusDeadlineExceeded = 4, StatusNotFound = 5, StatusAlreadyExists = 6, StatusPermissionDenied = 7, StatusResourceExhausted = 8, StatusFailedPrecondition = 9, StatusAborted = 10, StatusOutOfRange = 11, StatusUnimplemented = 12, StatusInternal = 13, StatusUnavailable = 14, StatusDataLoss = 15, StatusUnauthenticated = 16;

// What is no word of the server is one of the client: too late, or not reached.
const codeOf = (name, timedOut) => {
  if (name === undefined || name === null) return StatusOK;
  const code = NAMES.indexOf(name);
  if (code >= 0) return code;
  const other = /^code (\d+)$/.exec(name);
  if (other) return Number(other[1]);
  return timedOut || name === "timeout" ? StatusDeadlineExceeded : StatusUnavailable;
};
const milliseconds = (given, usual) => {
  if (given === undefined || given === null) return usual;
  if (typeof given === "number") return given;
  const UNITS = { ms: 1, s: 1e3, m: 6e4, h: 36e5 };
  const parts = [...String(given).matchAll(/([0-9.]+)(ms|s|m|h)/g)];
  if (!parts.length || parts.map((part) => part[0]).join("") !== String(given)) fail(`invalid timeout value: unable to use type string as a duration value: time: invalid duration "${given}"`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
};
const fieldsOf = (metadata) => {
  if (metadata === undefined || metadata === null) return [];
  if (typeof metadata !== "object") fail("invalid metadata param: must be an object with key-value pairs");
  return Object.entries(metadata).map(([name, value]) => {
    if (name.endsWith("-bin")) {
      if (!(value instanceof ArrayBuffer)) fail(`invalid metadata param: metadata "${name}" value must be binary`);
      return [name, own.b64encode(value, "rawstd")];
    }
    if (typeof value !== "string") fail(`invalid metadata param: metadata "${name}" value must be a string`);
    return [name, value];
  });
};
const grouped = (pairs) => {
  const all = {};
  for (const [name, value] of pairs) (all[name] ??= []).push(value);
  return all;
};

let connections = 0;
// Listeners to conversations and calls that go on beside the script, by number.
const listeners = own.sockets.listeners;

const known = (params, names, what) => {
  for (const name of Object.keys(params ?? {})) if (!names.includes(name)) fail(`${what}: unknown ${what.includes("connect") ? "connect " : ""}param: "${name}"`);
};

export class Client {
  #methods = new Map();
  #reflects = false;
  #connection;
  constructor() {
    for (const name of ["load", "loadProtoset", "connect", "invoke", "asyncInvoke", "close"]) {
      Object.defineProperty(this, name, { enumerable: true, value: this[name].bind(this) });
    }
    // For streams, and for nobody else.
    Object.defineProperty(this, "__prepared", { value: (...given) => this.#prepared(...given) });
  }
  load(includes, ...files) { return this.#learn(own.grpcLoad((includes ?? []).map(String), files.map(String))); }
  loadProtoset(file) { return this.#learn(own.grpcLoad([], [String(file)])); }
  #learn(methods) {
    for (const method of methods) this.#methods.set(method.full_method, method);
    return methods;
  }
  connect(address, params) {
    known(params, ["plaintext", "timeout", "reflect", "reflectMetadata", "maxReceiveSize", "maxSendSize", "tls", "authority"], "invalid grpc.connect() parameters");
    if (params?.tls !== undefined) fail("invalid grpc.connect() parameters: Plimsoll takes certificates from the options tlsAuth and insecureSkipTLSVerify, not from tls");
    this.close();
    if (!/:\d+$/.test(address ?? "")) fail('connection error: desc = "transport: error while dialing: missing port in address"');
    this.#reflects = params?.reflect === true;
    const server = `${params?.plaintext === true ? "grpc" : "grpcs"}://${address}#${__VU}.${++connections}`;
    const [token, problem] = own.grpcHold(server, milliseconds(params?.timeout, 60_000));
    if (problem !== undefined && problem !== null) {
      const what = /refused$/.test(problem) ? `dial tcp ${address}: ${problem}` : problem;
      fail(`connection error: desc = "transport: error while dialing: ${what}"`);
    }
    this.#connection = { server, address, token };
    return true;
  }
  close() {
    if (this.#connection === undefined) return;
    own.grpcRelease(this.#connection.token);
    this.#connection = undefined;
  }
  // Where a call goes, and what its samples are tagged with.
  #prepared(method, params, what) {
    if (this.#connection === undefined) fail("no gRPC connection, you must call connect first");
    const name = String(method ?? "");
    if (name === "") fail("method to invoke cannot be empty");
    const path = name.startsWith("/") ? name : `/${name}`;
    if (!this.#methods.has(path) && !this.#reflects) fail(`method "${path}" not found in file descriptors`);
    known(params, ["metadata", "tags", "timeout", "discardResponseMessage"], what);
    const { server, address } = this.#connection;
    const [service, short] = path.slice(1).split("/");
    const tags = { url: `${address}${path}`, name: path, service, method: short, ...own.sockets.checkTags(params?.tags, "metric tags") };
    return { path, server, metadata: fieldsOf(params?.metadata), tags, timeout: milliseconds(params?.timeout, 120_000) };
  }
  #call(method, request, params) {
    const { path, server, metadata, tags, timeout } = this.#prepared(method, params, "invalid GRPC's client.invoke() parameters");
    if (request === undefined || request === null) fail("request cannot be nil");
    const message = JSON.stringify(request);
    return { asked: [{ server, method: path, message, timeout }, metadata], settle: (came) => this.#settled(came, tags, params) };
  }
  #settled(came, tags, params) {
    if (came.class === "bad message") fail(`unable to serialise request object to protocol buffer: ${came.error}`);
    if (["no method", "no service"].includes(came.class)) fail(came.error);
    const status = codeOf(came.class, came.timedOut);
    own.grpcSample("grpc_req_duration", came.took, { ...tags, status: String(status) });
    const error = status === StatusOK ? null : { code: status, details: [], message: came.error };
    const message = params?.discardResponseMessage || came.message === "" ? null : JSON.parse(came.message);
    return { status, message, error, headers: grouped(came.headers), trailers: grouped(came.trailers.filter(([name]) => !/^grpc-(status|message)$/.test(name))) };
  }
  invoke(method, request, params) {
    const { asked, settle } = this.#call(method, request, params);
    return settle(own.grpcCall(...asked));
  }
  asyncInvoke(method, request, params) {
    return new Promise((resolve, reject) => {
      const { asked, settle } = this.#call(method, request, params);
      const token = own.grpcStart(...asked);
      listeners.set(token, (kind, came) => {
        listeners.delete(token);
        try { resolve(settle(came)); } catch (thrown) { reject(thrown); }
      });
    });
  }
}

export class Stream {
  #handlers = { data: [], error: [], end: [] };
  #token;
  #tags;
  #begun = own.now();
  #waiting = [];
  #isOpen = false;
  #isEnded = false;
  constructor(client, method, params) {
    let prepared;
    try { prepared = client.__prepared(method, params, "invalid GRPC Stream's parameters"); } catch (thrown) { fail(`invalid GRPC Stream's method: ${thrown.message}`); }
    const { path, server, metadata, tags, timeout } = prepared;
    this.#tags = tags;
    const [address, mark] = server.split("#");
    this.#sample("grpc_streams", 1);
    this.#token = own.grpcDial(`${address}${path}#${mark}`, metadata, timeout);
    listeners.set(this.#token, (kind, ...rest) => this.#hear(kind, ...rest));
  }
  #sample(name, value, more) { own.grpcSample(name, value, { ...this.#tags, ...more }); }
  #tell(event, value) { for (const handler of this.#handlers[event]) handler(value); }
  #hear(kind, ...rest) {
    if (kind === "opened") {
      const problem = rest[3];
      if (problem !== undefined && problem !== null) return this.#over(rest[4] ?? "UNAVAILABLE", problem);
      this.#isOpen = true;
      for (const said of this.#waiting.splice(0)) this.#say(said);
    } else if (kind === "text") {
      this.#sample("grpc_streams_msgs_received", 1);
      this.#tell("data", JSON.parse(rest[0]));
    } else if (kind === "lost") {
      this.#over(rest[1], rest[0]);
    } else if (kind === "end") {
      this.#over(undefined, "");
    }
  }
  #over(name, message) {
    listeners.delete(this.#token);
    this.#isEnded = true;
    const code = codeOf(name, false);
    this.#sample("grpc_req_duration", own.now() - this.#begun, { status: String(code) });
    if (code !== StatusOK) this.#tell("error", { code, details: [], message });
    this.#tell("end");
  }
  #say(said) {
    const wrong = said === undefined ? own.wsSay(this.#token, "close", 0, "") : own.wsSay(this.#token, "text", said, "");
    if (wrong !== undefined && wrong !== null) this.#tell("error", { code: StatusInternal, details: [], message: wrong });
  }
  on(event, handler) {
    if (!(event in this.#handlers)) return own.say("error", `can't register ${event} event handler: unknown GRPC stream's event type: ${event}`);
    if (typeof handler !== "function") throw new TypeError(`could not convert function call parameter 1: could not convert ${handler} to func(sobek.Value, sobek.Value) (sobek.Value, error)`);
    this.#handlers[event].push(handler);
  }
  write(message) {
    if (this.#isEnded) return;
    if (message === undefined || message === null) fail("message cannot be nil");
    this.#sample("grpc_streams_msgs_sent", 1);
    const text = JSON.stringify(message);
    if (this.#isOpen) this.#say(text); else this.#waiting.push(text);
  }
  end() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#isOpen) this.#say(undefined); else this.#waiting.push(undefined);
  }
}

export default { Client, Stream, StatusOK, StatusCanceled, StatusUnknown, StatusInvalidArgument, StatusDeadlineExceeded, StatusNotFound, StatusAlreadyExists, StatusPermissionDenied, StatusResourceExhausted, StatusFailedPrecondition, StatusAborted, StatusOutOfRange, StatusUnimplemented, StatusInternal, StatusUnavailable, StatusDataLoss, StatusUnauthenticated };
