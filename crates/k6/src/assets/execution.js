const own = globalThis.__plimsoll;
const getters = (names) => Object.defineProperties({}, Object.fromEntries(Object.entries(names).map(([name, get]) => [name, { enumerable: true, get }])));
const number = (key) => () => own.info(key);

const tags = new Proxy({}, {
  get: (_, name) => typeof name === "string" ? own.getTag(name) : undefined,
  set: (_, name, value) => {
    if (!["string", "number", "boolean"].includes(typeof value)) throw new TypeError(`invalid value for metric tag '${String(name)}': only String, Boolean and Number types are accepted as a metric tag values`);
    own.setTag(String(name), String(value));
    return true;
  },
  deleteProperty: (_, name) => { own.deleteTag(String(name)); return true; },
  has: (_, name) => own.getTag(String(name)) !== undefined,
  ownKeys: () => own.tagNames(),
  getOwnPropertyDescriptor: (_, name) => ({ value: own.getTag(String(name)), enumerable: true, configurable: true, writable: true }),
});

export const instance = getters({
  currentTestRunDuration: number("elapsedMs"), iterationsCompleted: number("iterationsDone"), iterationsInterrupted: number("iterationsCut"),
  vusActive: number("vusActive"), vusInitialized: number("vusInitialized"),
});
export const scenario = getters({
  name: number("scenarioName"), executor: number("executor"), startTime: number("scenarioStartMs"), progress: number("progress"),
  iterationInInstance: number("inScenario"), iterationInTest: number("inScenario"),
});
export const vu = getters({
  idInInstance: number("vu"), idInTest: number("vu"), iterationInInstance: number("iteration"), iterationInScenario: number("vuInScenario"),
  tags: () => tags, metrics: () => ({ tags, metadata: {} }),
});
export const test = {
  abort: (message) => own.abort(message === undefined ? "" : String(message)),
  fail: (message) => own.failTest(message === undefined ? "" : String(message)),
  get options() { return JSON.parse(own.info("options")); },
};
export default { instance, scenario, vu, test };
