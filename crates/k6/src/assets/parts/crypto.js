// The global `crypto`, whose parts are only made for who asks for them.
const own = globalThis.__plimsoll;

const crypto = {};
for (const name of ["getRandomValues", "randomUUID", "subtle", "CryptoKey"]) {
  const set = () => { throw new TypeError(`Cannot assign to read only property '${name}'`); };
  Object.defineProperty(crypto, name, { enumerable: true, get: () => own.webcrypto[name], set });
}
globalThis.crypto = crypto;
