const own = globalThis.__plimsoll;

export const b64encode = (input, encoding = "std") => own.b64encode(own.bytesLike(input), String(encoding));

export const b64decode = (input, encoding = "std", format = undefined) => {
  const text = (input === undefined ? "" : String(input)).replace(/[\r\n]/g, "");
  const isRaw = /^raw/.test(encoding), isUrl = /url$/.test(encoding), plain = text.replace(/=+$/, "");
  const at = [...plain].findIndex((c) => !(isUrl ? /[A-Za-z0-9_-]/ : /[A-Za-z0-9+/]/).test(c));
  const fail = (where) => { throw new own.GoError(`illegal base64 data at input byte ${where}`); };
  if (at >= 0) fail(at);
  if (isRaw && plain.length < text.length) fail(plain.length);
  if (!isRaw && text.length % 4 !== 0) fail(text.length - text.length % 4);
  return own.b64decode(plain, isUrl, format === "s");
};

export default { b64encode, b64decode };
