const own = globalThis.__plimsoll;
const rejection = (text) => Object.defineProperty({ error: text }, "toString", { value: () => text });

const from = (name) => ({
  async get(key) {
    const [value, problem] = own.secret(name, String(key));
    if (problem) throw rejection(problem);
    return value;
  },
});
const secrets = { get: (key) => from(null).get(key), source: (name) => from(name === undefined ? "" : String(name)) };
export default secrets;
