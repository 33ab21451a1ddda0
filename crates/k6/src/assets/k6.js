const own = globalThis.__plimsoll;
const AsyncFunction = (async () => {}).constructor;
const isAsync = (f) => f instanceof AsyncFunction;

export function sleep(seconds) {
  own.sleep(Number(seconds));
}

export function fail(message) {
  throw new Error(message === undefined ? "" : String(message));
}

export function group(name, body) {
  if (isAsync(body)) throw new own.GoError("group() does not support async functions as arguments");
  if (typeof body !== "function") throw new own.GoError("group() requires a callback as a second argument");
  name = name === null || name === undefined ? "" : String(name);
  if (name.includes("::")) throw new own.GoError("group and check names may not contain '::'");
  return name === "" ? body() : own.group(name, body);
}

export const check = own.check;

export function randomSeed(seed) {
  let state = Number(seed) >>> 0;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export default { sleep, fail, group, check, randomSeed };
