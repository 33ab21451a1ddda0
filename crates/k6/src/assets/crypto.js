const own = globalThis.__plimsoll;
const NAMES = ["md4", "md5", "sha1", "sha256", "sha384", "sha512", "sha512_224", "sha512_256", "ripemd160"];

class Hasher {
  #name;
  #key;
  #parts = [];
  constructor(name, key) {
    if (!NAMES.includes(name)) throw new Error(`invalid hash algorithm: ${name}`);
    this.#name = name;
    this.#key = key;
  }
  update(data) {
    this.#parts.push(data);
    return this;
  }
  digest(format = "hex") {
    return own.digest(this.#name, this.#key, own.concat(this.#parts), format);
  }
}

export const createHash = (name) => new Hasher(name, null);
export const createHMAC = (name, key) => new Hasher(name, key);
export const hmac = (name, key, data, format = "hex") => own.digest(name, key, data, format);
const hash = (name) => (data, format = "hex") => own.digest(name, null, data, format);
export const md4 = hash("md4"), md5 = hash("md5"), sha1 = hash("sha1"), sha256 = hash("sha256"), sha384 = hash("sha384"), sha512 = hash("sha512");
export const sha512_224 = hash("sha512_224"), sha512_256 = hash("sha512_256"), ripemd160 = hash("ripemd160");
export const hexEncode = (data) => own.hex(data);
export const randomBytes = (count) => own.randomBytes(count);
export default { createHash, createHMAC, hmac, md4, md5, sha1, sha256, sha384, sha512, sha512_224, sha512_256, ripemd160, hexEncode, randomBytes };
