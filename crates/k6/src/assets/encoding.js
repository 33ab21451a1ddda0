const own = globalThis.__plimsoll;
export const b64encode = (input, encoding = "std") => own.b64encode(input, encoding);
export const b64decode = (input, encoding = "std", format) => own.b64decode(String(input), encoding, format === "s");
export default { b64encode, b64decode };
