// Comma-separated values as Papa Parse reads and writes them, as far as load tests use it.
const guess = (text) => [",", "\t", "|", ";"].map((d) => [text.split("\n", 1)[0].split(d).length, d]).reduce((a, b) => b[0] > a[0] ? b : a)[1];
const typed = (value) => value === "true" || value === "TRUE" ? true : value === "false" || value === "FALSE" ? false : value !== "" && /^\s*-?(\d+\.?|\.\d+|\d+\.\d+)([eE][-+]?\d+)?\s*$/.test(value) ? Number(value) : value;

const rowsOf = (text, delimiter, quote) => {
  const rows = [], errors = [];
  let row = [], at = 0;
  while (at <= text.length) {
    let value;
    if (text[at] === quote) {
      let end = at + 1;
      for (;;) {
        end = text.indexOf(quote, end);
        if (end < 0) { errors.push({ type: "Quotes", code: "MissingQuotes", message: "Quoted field unterminated", row: rows.length }); end = text.length; break; }
        if (text[end + 1] !== quote) break;
        end += 2;
      }
      value = text.slice(at + 1, end).split(quote + quote).join(quote);
      at = end + 1;
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
      value = text.slice(at, end);
      at = end;
    }
    row.push(value);
    if (text[at] === delimiter) { at++; continue; }
    rows.push(row);
    row = [];
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    else if (at >= text.length) break;
    if (at >= text.length) break;
  }
  return [rows, errors];
};

export const parse = (input, config = {}) => {
  let text = String(input);
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  const delimiter = config.delimiter || guess(text);
  let [rows, errors] = text === "" ? [[], []] : rowsOf(text, delimiter, config.quoteChar ?? '"');
  if (config.comments) rows = rows.filter((row) => !row[0].startsWith(config.comments === true ? "#" : config.comments));
  if (config.skipEmptyLines) rows = rows.filter((row) => config.skipEmptyLines === "greedy" ? row.join("").trim() !== "" : row.length > 1 || row[0] !== "");
  const value = (text) => config.dynamicTyping ? typed(text) : text;
  let fields;
  if (config.header) {
    fields = (rows.shift() ?? []).map((name, at) => config.transformHeader ? config.transformHeader(name, at) : name);
    rows = rows.map((row, line) => {
      if (row.length !== fields.length) errors.push({ type: "FieldMismatch", code: row.length < fields.length ? "TooFewFields" : "TooManyFields", message: `${row.length} fields instead of ${fields.length}`, row: line });
      const object = {};
      row.forEach((cell, at) => { if (at < fields.length) object[fields[at]] = value(cell); else (object.__parsed_extra ??= []).push(value(cell)); });
      return object;
    });
  } else {
    rows = rows.map((row) => row.map(value));
  }
  if (config.preview > 0) rows = rows.slice(0, config.preview);
  return { data: rows, errors, meta: { delimiter, linebreak: "\n", aborted: false, truncated: false, ...(fields ? { fields } : {}) } };
};

export const unparse = (input, config = {}) => {
  const delimiter = config.delimiter ?? ",";
  const cell = (value) => { const text = value === null || value === undefined ? "" : String(value); return config.quotes || text.includes(delimiter) || /["\n\r]|^\s|\s$/.test(text) ? `"${text.split('"').join('""')}"` : text; };
  const fields = input.fields ?? (Array.isArray(input) && input.length && !Array.isArray(input[0]) ? Object.keys(input[0]) : null);
  const rows = (input.data ?? input).map((row) => Array.isArray(row) ? row : fields.map((f) => row[f]));
  return [...(fields && config.header !== false ? [fields] : []), ...rows].map((row) => row.map(cell).join(delimiter)).join(config.newline ?? "\r\n");
};
export default { parse, unparse };
