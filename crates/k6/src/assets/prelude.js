// What every script finds in its global object.
(() => {
  const own = globalThis.__plimsoll;
  Math.random = own.random;
  globalThis.global = globalThis;
  // Errors of what k6 has in Go.
  own.GoError = class GoError extends Error {
    constructor(message) {
      super(message);
      Object.defineProperty(this, "name", { value: "GoError" });
      this.value = message;
    }
  };
  // A value as Go prints it (%v), and the name of its type: forms and messages of k6 are written so.
  own.goText = (value) => {
    if (value === null || value === undefined) return "<nil>";
    if (typeof value === "number") return value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
    if (typeof value !== "object") return String(value);
    if (value instanceof Date) return value.toISOString().replace("T", " ").replace(/(\.\d+)?Z$/, " +0000 UTC");
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${Array.from(value, own.goText).join(" ")}]`;
    if (value.constructor?.name === "FileData") return `&{${value.data} ${value.filename} ${value.content_type}}`;
    return `map[${Object.keys(value).sort().map((key) => `${key}:${own.goText(value[key])}`).join(" ")}]`;
  };
  own.goType = (value) => {
    if (value === null || value === undefined) return "<nil>";
    if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
    if (typeof value === "boolean") return "bool";
    if (typeof value === "string") return "string";
    if (typeof value === "function") return "func(sobek.FunctionCall) sobek.Value";
    if (value instanceof Date) return "time.Time";
    if (Array.isArray(value)) return "[]interface {}";
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `[]${value.constructor.name.replace("Array", "").toLowerCase().replace("clamped", "")}`;
    return value.constructor?.name === "FileData" ? "*http.FileData" : "map[string]interface {}";
  };
  // A text, or bytes: what k6's functions in Go take as data.
  own.bytesLike = (data, prefix = "") => {
    if (typeof data === "string") return data.toWellFormed();
    if (data instanceof ArrayBuffer || data instanceof Uint8Array) return data;
    throw new own.GoError(`${prefix}invalid type ${own.goType(data)}, expected string, []byte or ArrayBuffer`);
  };
  // Modules of the older kind, by name: what they export is theirs to change.
  const older = new Map();
  own.commonJs = (name) => {
    const module = { exports: {} };
    older.set(name, module);
    return { module, require: own.requireFrom(name) };
  };
  own.defaultOf = (exports) => exports?.__esModule ? exports.default : exports;
  const required = new Map();
  const require = (base, name) => {
    if (name === undefined || name === null || name === "") throw new own.GoError("require() can't be used with an empty specifier");
    if (own.stage() !== "init") throw new own.GoError('the "require" function is only available in the init stage (i.e. the global scope)');
    const whole = own.resolveModule(base, String(name));
    if (older.has(whole)) return older.get(whole).exports;
    if (!required.has(whole)) required.set(whole, own.loadModule(whole));
    const found = required.get(whole);
    return older.has(whole) ? older.get(whole).exports : /^(k6$|k6\/|plimsoll:)/.test(whole) ? found.default : found;
  };
  own.requireFrom = (base) => (name) => require(base, name);
  own.exportsOf = (name) => older.get(name)?.exports;
  const libraries = new Map();
  own.library = (name) => {
    if (!libraries.has(name)) libraries.set(name, own.readLibrary(name));
    return libraries.get(name);
  };
  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : String(value);
    if (typeof value === "object" && value !== null) { try { return JSON.stringify(value); } catch { return String(value); } }
    return String(value);
  };
  const say = (level) => (...values) => own.say(level, values.map(shown).join(" "));
  globalThis.console = { log: say("info"), info: say("info"), debug: say("debug"), warn: say("warning"), error: say("error") };

  // Timers: the user's loop runs whatever is due next when the script itself has nothing left to do.
  const timers = new Map();
  let last = 0;
  const start = (callback, ms, args, every) => {
    if (callback === undefined || callback === null) throw new own.GoError(`${every ? "setInterval" : "setTimeout"}'s callback isn't a callable function`);
    if (typeof callback !== "function") throw new TypeError(`could not convert function call parameter 0: could not convert ${callback} to sobek.Callable`);
    const wait = Math.max(0, Number(ms) || 0);
    timers.set(++last, { at: own.now() + wait, callback, args, every: every ? Math.max(wait, 1) : null });
    own.timers(timers.size);
    return last;
  };
  globalThis.setTimeout = (callback, ms, ...args) => start(callback, ms, args, false);
  globalThis.setInterval = (callback, ms, ...args) => start(callback, ms, args, true);
  globalThis.clearTimeout = globalThis.clearInterval = (number) => { timers.delete(number); own.timers(timers.size); };
  own.nextTimer = () => Math.min(...[...timers.values()].map((t) => t.at));
  own.runTimer = () => {
    const [number, timer] = [...timers].reduce((a, b) => b[1].at < a[1].at ? b : a);
    if (timer.every === null) timers.delete(number); else timer.at += timer.every;
    own.timers(timers.size);
    timer.callback(...timer.args);
  };
  own.clearTimers = () => { timers.clear(); own.timers(0); };

  const webcrypto = {};
  for (const name of ["getRandomValues", "randomUUID", "subtle", "CryptoKey"]) {
    const set = () => { throw new TypeError(`Cannot assign to read only property '${name}'`); };
    Object.defineProperty(webcrypto, name, { enumerable: true, get: () => own.library("webcrypto")[name], set });
  }
  globalThis.crypto = webcrypto;

  globalThis.TextEncoder ??= class { get encoding() { return "utf-8"; } encode(text = "") { return new Uint8Array(own.bytes(String(text))); } };
  globalThis.TextDecoder ??= class { get encoding() { return "utf-8"; } decode(bytes) { return bytes === undefined ? "" : own.text(bytes); } };
})();
