// `TextEncoder` and `TextDecoder`.
const own = globalThis.__plimsoll;

globalThis.TextEncoder = class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return new Uint8Array(own.bytes(String(text))); }
};
globalThis.TextDecoder = class TextDecoder {
  get encoding() { return "utf-8"; }
  decode(bytes) { return bytes === undefined ? "" : own.text(bytes); }
};
