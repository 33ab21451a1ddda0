// What k6 has in Go: its errors, and values as Go writes them.
const own = globalThis.__plimsoll;

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
