// `require`, and modules of the older kind.
const own = globalThis.__plimsoll;

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
