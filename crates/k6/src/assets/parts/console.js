// `console`.
const own = globalThis.__plimsoll;

const shown = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : String(value);
  if (typeof value === "object" && value !== null) { try { return JSON.stringify(value); } catch { return String(value); } }
  return String(value);
};
const say = (level) => (...values) => own.say(level, values.map(shown).join(" "));
globalThis.console = { log: say("info"), info: say("info"), debug: say("debug"), warn: say("warning"), error: say("error") };
