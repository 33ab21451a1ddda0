import "k6/experimental/fs";
import { shared } from "k6/data";

const own = globalThis.__plimsoll;
// A rejection as k6 gives it from Go: no Error.
const rejection = (text) => Object.defineProperty({ error: text }, "toString", { value: () => text });

// What is wrong with the options before the file is looked at, and after.
const early = ({ delimiter, fromLine = 0, toLine = 0 }) => {
  if (delimiter !== undefined && [...String(delimiter)].length !== 1) return "delimiter must be a single character";
  if (toLine > 0 && fromLine >= toLine) return "fromLine must be less than or equal to toLine";
  return undefined;
};
const late = ({ fromLine = 0, toLine = 0, asObjects, skipFirstLine }) => {
  if (fromLine < 0) return `the 'fromLine' option must be greater than or equal to 0; got ${fromLine}`;
  if (toLine < 0) return `the 'toLine' option must be greater than or equal to 0; got ${toLine}`;
  if (asObjects && skipFirstLine) return "the 'header' option cannot be enabled when 'skipFirstLine' is true";
  if (asObjects && fromLine > 0) return "the 'header' option cannot be enabled when 'fromLine' is set to a value greater than 0";
  return undefined;
};

// The rows that are wanted, as a list that all users share; a row that is broken is an object { broken }.
const rows = (file, options, fail) => {
  const wrong = early(options);
  if (wrong) throw fail(true, wrong);
  const problem = late(options);
  if (problem) throw fail(false, problem);
  const [path, at] = file, { delimiter = ",", skipFirstLine = false, fromLine = 0, toLine = 0, asObjects = false } = options;
  const from = fromLine > 0 ? fromLine : skipFirstLine ? 1 : 0;
  const [name, length, read] = own.csvRows(path, at, String(delimiter), from, toLine, asObjects === true);
  if (fromLine > 0 && read <= fromLine) throw fail(false, `failed to skip lines until line ${fromLine}; reason: EOF`);
  return [name, length];
};
const fileOf = (given, fail) => {
  if (given === null || typeof given !== "object") throw fail(`first argument expected to be a fs.File instance, got ${typeof given === "string" ? "sobek.asciiString" : own.goType(given)} instead`);
  const file = own.takeFile(given);
  if (!file) throw fail("failed to create a new parser; reason: the reader cannot be nil");
  return file;
};

export async function parse(given, options) {
  const file = fileOf(given, rejection);
  const fail = (isEarly, text) => rejection(`${isEarly ? "failed to interpret the provided Parser options" : "failed to create a new parser"}; reason: ${text}`);
  return shared(...rows(file, options ?? {}, fail));
}

export class Parser {
  constructor(given, options) {
    if (own.stage() !== "init") throw new own.GoError("csv Parser constructor must be called in the init context");
    if (given === undefined || given === null) throw new own.GoError("csv Parser constructor takes at least one non-nil source argument");
    const file = fileOf(given, (text) => new own.GoError(text));
    const fail = (isEarly, text) => new own.GoError(`${isEarly ? "encountered an error while interpreting Parser options" : "failed to create a new parser"}; reason: ${text}`);
    const [name, length] = rows(file, options ?? {}, fail);
    let at = 0;
    this.next = async () => {
      if (at >= length) return { done: true, value: [] };
      const value = JSON.parse(own.sharedElement(name, at++));
      if (value.broken) throw rejection(value.broken);
      return { done: false, value };
    };
  }
}

export default { parse, Parser };
