const own = globalThis.__plimsoll;
const NAMES = ["md4", "md5", "sha1", "sha256", "sha384", "sha512", "sha512_224", "sha512_256", "ripemd160"];
const FORMATS = ["hex", "base64", "base64url", "base64rawurl", "binary"];

const written = (name, key, data, format) => {
  if (!FORMATS.includes(format)) throw new own.GoError(`invalid output encoding: ${format ?? ""}`);
  return own.digest(name, key, data, format);
};

// Takes data in parts; what was given so far is digested as often as one likes.
const hasher = (name, key) => {
  if (!NAMES.includes(name)) throw new own.GoError(`invalid algorithm: ${name}`);
  const parts = [];
  return {
    update(data) { parts.push(own.bytesLike(data)); },
    digest(format) { return written(name, key, own.concat(parts), format); },
  };
};

export const createHash = (name) => hasher(name, null);
export const createHMAC = (name, key) => hasher(name, own.bytesLike(key));
export const hmac = (name, key, data, format) => {
  const mac = createHMAC(name, key);
  mac.update(data);
  return mac.digest(format);
};
const hash = (name) => (data, format) => written(name, null, own.bytesLike(data, `${name} failed: `), format);
export const md4 = hash("md4"), md5 = hash("md5"), sha1 = hash("sha1"), sha256 = hash("sha256"), sha384 = hash("sha384"), sha512 = hash("sha512");
export const sha512_224 = hash("sha512_224"), sha512_256 = hash("sha512_256"), ripemd160 = hash("ripemd160");
export const hexEncode = (data) => own.hex(own.bytesLike(data));
export const randomBytes = (count) => {
  if (!(Math.trunc(Number(count)) >= 1)) throw new own.GoError("invalid size");
  return own.randomBytes(Math.trunc(Number(count)));
};
export default { createHash, createHMAC, hmac, md4, md5, sha1, sha256, sha384, sha512, sha512_224, sha512_256, ripemd160, hexEncode, randomBytes };
