// What every script finds in its global object.
(() => {
  const own = globalThis.__plimsoll;
  Math.random = own.random;
  // Errors of what k6 has in Go.
  own.GoError = class GoError extends Error {
    constructor(message) { super(message); Object.defineProperty(this, "name", { value: "GoError" }); }
  };
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
    if (typeof callback !== "function") throw new TypeError("a timer needs a function");
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

  globalThis.TextEncoder ??= class { get encoding() { return "utf-8"; } encode(text = "") { return new Uint8Array(own.bytes(String(text))); } };
  globalThis.TextDecoder ??= class { get encoding() { return "utf-8"; } decode(bytes) { return bytes === undefined ? "" : own.text(bytes); } };
})();
