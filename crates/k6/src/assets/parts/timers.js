// Timers: the user's loop runs whatever is due next when the script itself has nothing left to do.
const own = globalThis.__plimsoll;

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
