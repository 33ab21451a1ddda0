// WebCrypto as k6 has it: keys are plain objects, errors are plain objects with name and message.
globalThis.__plimsoll.webcrypto = (() => {
  const own = globalThis.__plimsoll;
  const failure = (name, message) => {
    const error = { name, message };
    Object.defineProperty(error, "toString", { value: () => `${name}: ${message}` });
    error.error = error.toString();
    return error;
  };
  const fail = (name, message) => { throw failure(name, message); };
  const goText = (error) => error instanceof own.GoError ? error.message : String(error);
  const HASHES = { "SHA-1": ["sha1", 512, "HS1"], "SHA-256": ["sha256", 512, "HS256"], "SHA-384": ["sha384", 1024, "HS384"], "SHA-512": ["sha512", 1024, "HS512"] };
  const materials = new WeakMap();

  const algorithmOf = (given) => {
    if (typeof given === "string") return { name: given.toUpperCase() };
    if (given === null || typeof given !== "object") fail("SyntaxError", "algorithm cannot be interpreted as a string or an object");
    return { ...given, name: String(given.name ?? "").toUpperCase() };
  };
  const unsupported = (name, operation) => fail("NotSupportedError", `algorithm "${name}" doesn't support (in implementation) operation "${operation}"`);
  const hashOf = (given) => {
    if (given === undefined) fail("SyntaxError", "could not get hash from algorithm parameter");
    const { name } = algorithmOf(given);
    if (!HASHES[name]) unsupported(name, "generateKey");
    return name;
  };
  // Data is copied when it is given; of a view it is the whole buffer.
  const bytes = (data) => {
    if (data instanceof ArrayBuffer) return data.slice(0);
    if (ArrayBuffer.isView(data) && !(data instanceof DataView)) return data.buffer.slice(0);
    return fail("OperationError", "data is neither an ArrayBuffer, nor a TypedArray nor DataView");
  };
  const part = (view) => view instanceof ArrayBuffer ? view.slice(0) : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const toUrl = (data) => own.b64encode(data, "rawurl");
  const fromUrl = (text) => own.b64decode(text, true, false);

  const keyOf = (type, extractable, algorithm, usages, material) => {
    const key = { type, extractable, algorithm, usages };
    materials.set(key, material);
    return key;
  };
  const mustHave = (key, usage, what = "") => { if (!key.usages.includes(usage)) fail("InvalidAccessError", `${what}key does not contain the '${usage}' usage`); };
  const checkUsages = (usages, allowed, isSecret) => {
    if (isSecret && !usages.length) fail("SyntaxError", "usages cannot not be empty for a secret or private CryptoKey");
    const wrong = usages.find((usage) => !allowed.includes(usage));
    if (wrong !== undefined) fail("SyntaxError", `invalid key usage: ${wrong}`);
  };
  const checkGenerated = (usages, allowed) => { if (!usages.length || usages.some((usage) => !allowed.includes(usage))) fail("SyntaxError", "invalid key usage"); };

  const AES = ["AES-CBC", "AES-CTR", "AES-GCM"], AES_USAGES = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
  const aesKey = (name, material, extractable, usages) => keyOf("secret", extractable, { name, length: material.byteLength * 8 }, usages, material);
  const secretOf = (format, data) => {
    if (format === "raw") return bytes(data);
    if (format !== "jwk") fail("NotSupportedError", `unsupported key format ${format}`);
    if (data?.kty !== "oct") fail("DataError", `invalid symmetric JWK: invalid key type: ${data?.kty ?? ""}`);
    if (typeof data.k !== "string") fail("DataError", "invalid symmetric JWK: key (k) is required");
    return fromUrl(data.k);
  };
  const secretOut = (format, key, alg) => {
    if (format === "raw") return materials.get(key).slice(0);
    if (format === "jwk") return { kty: "oct", k: toUrl(materials.get(key)), alg, ext: key.extractable, key_ops: key.usages };
    return fail("NotSupportedError", `unsupported key format ${format}`);
  };
  const aesParams = (name, params, isSealing) => {
    if (name === "AES-CBC") {
      const iv = params.iv === undefined ? new ArrayBuffer(0) : part(params.iv);
      if (iv.byteLength !== 16) fail("OperationError", isSealing ? "iv length is not 16 bytes" : "iv length is invalid, should be 16 bytes");
      return [name, iv, new ArrayBuffer(0)];
    }
    if (name === "AES-CTR") {
      const counter = part(params.counter);
      if (counter.byteLength !== 16) fail("OperationError", "counter length is not 16 bytes");
      if (!(params.length > 0 && params.length <= 128)) fail("OperationError", "invalid counter length, out of the 0 < x < 128 bounds");
      return [name, counter, new ArrayBuffer(0)];
    }
    const iv = part(params.iv), tag = params.tagLength ?? 128;
    if (iv.byteLength !== 12) fail("NotSupportedError", "only 12 bytes long iv are supported");
    if (![96, 104, 112, 120, 128].includes(tag)) fail("OperationError", "invalid tag length, should be one of 96, 104, 112, 120, 128");
    return [`AES-GCM ${tag / 8}`, iv, params.additionalData === undefined ? new ArrayBuffer(0) : part(params.additionalData)];
  };
  const aes = (params, key, data, isSealing) => {
    const { name } = algorithmOf(params);
    if (typeof params === "string") fail("SyntaxError", 'invalid algorithm parameters, unable to interpret as "" object');
    const text = bytes(data), [mode, iv, more] = aesParams(name, params, isSealing);
    if (name === "AES-CBC" && isSealing && !text.byteLength) fail("OperationError", "could not pad plaintext");
    if (name === "AES-GCM" && !isSealing && text.byteLength < (params.tagLength ?? 128) / 8) fail("OperationError", "ciphertext is too short");
    try { return own.aes(mode, isSealing, materials.get(key), iv, text, more); } catch (error) { return fail("OperationError", goText(error)); }
  };

  const CURVES = { "P-256": 32, "P-384": 48, "P-521": 66 };
  const curve = (name, what, key = "", other = "", third = "") => {
    try { return own.curve(name, what, key, other, third); } catch (error) { return fail("OperationError", goText(error)); }
  };
  const curveOf = ({ namedCurve }) => CURVES[namedCurve] ? String(namedCurve) : fail("NotSupportedError", `elliptic curve ${namedCurve} is not supported`);
  const ecJwk = (key) => {
    const name = key.algorithm.namedCurve, size = CURVES[name], isPrivate = key.type === "private", material = materials.get(key);
    const point = isPrivate ? curve(name, "public", material) : material;
    const jwk = { kty: "EC", crv: name, x: toUrl(point.slice(1, 1 + size)), y: toUrl(point.slice(1 + size)) };
    return isPrivate ? { ...jwk, d: toUrl(curve(name, "scalar", material)) } : jwk;
  };
  const ecImport = (format, data, namedCurve) => {
    if (format === "raw") return ["public", curve(namedCurve, "point", bytes(data))];
    if (format === "spki") return ["public", curve(namedCurve, "from spki", bytes(data))];
    if (format === "pkcs8") return ["private", bytes(data)];
    if (data.d) return ["private", curve(namedCurve, "from scalar", fromUrl(data.d))];
    return ["public", own.concat([new Uint8Array([4]).buffer, fromUrl(data.x), fromUrl(data.y)])];
  };

  const RSA = ["RSASSA-PKCS1-V1_5", "RSA-PSS", "RSA-OAEP"];
  const shownName = (name) => name === "RSASSA-PKCS1-V1_5" ? "RSASSA-PKCS1-v1_5" : name;
  const rsa = (what, hash, key, data = "", more = "", number = 0) => {
    try { return own.rsa(what, hash, key, data, more, number); } catch (error) { return fail("OperationError", goText(error)); }
  };
  const exponent = new Uint8Array([1, 0, 1]);
  const rsaKey = (name, type, extractable, hash, usages, material) => {
    const modulusLength = new DataView(rsa("bits", hash, material)).getUint32(0);
    return keyOf(type, extractable, { name: shownName(name), hash: { name: hash }, modulusLength, publicExponent: exponent }, usages, material);
  };
  const rsaJwk = (key) => {
    const parts = key.type === "private" ? ["n", "e", "d", "p", "q", "dp", "dq", "qi"] : ["n", "e"];
    return { kty: "RSA", ...Object.fromEntries(parts.map((name) => [name, toUrl(rsa(name, key.algorithm.hash.name, materials.get(key)))])) };
  };
  const saltOf = ({ name, saltLength }) => name !== "RSA-PSS" ? 0 : saltLength === undefined ? fail("SyntaxError", "could not get saltLength from algorithm parameter") : saltLength;

  const sameAlgorithm = (name, key, what) => { if (name !== key.algorithm.name.toUpperCase()) fail("InvalidAccessError", `${what}'s algorithm name does not match key algorithm name`); };
  const isPart = (usages, allowed) => usages.filter((usage) => allowed.includes(usage));

  const cipher = (what, algorithm, key, data) => {
    const params = algorithmOf(algorithm), { name } = params;
    sameAlgorithm(name, key, what);
    mustHave(key, what, `${what}'s `);
    if (AES.includes(name)) return aes(algorithm, key, data, what === "encrypt");
    return name === "RSA-OAEP" ? rsa(what, key.algorithm.hash.name, materials.get(key), bytes(data), params.label ?? "") : unsupported(name, what);
  };

  const subtle = {
    async digest(algorithm, data) {
      if (data === null || data === undefined) throw new TypeError("Cannot convert undefined or null to object");
      if (typeof data !== "object" || Array.isArray(data)) {
        const text = "data must be an ArrayBuffer, TypedArray, or DataView";
        throw Object.defineProperty({ error: text }, "toString", { value: () => text });
      }
      const copy = bytes(data), { name } = algorithmOf(algorithm);
      return HASHES[name] ? own.digest(HASHES[name][0], null, copy, "binary") : unsupported(name, "digest");
    },
    async importKey(format, data, algorithm, extractable, usages) {
      if (!["raw", "jwk", "spki", "pkcs8"].includes(format)) fail("ImplementationError", `unsupported format ${format}`);
      const params = algorithmOf(algorithm), { name } = params;
      if (AES.includes(name)) {
        if (!["raw", "jwk"].includes(format)) fail("NotSupportedError", `unsupported key format ${format}`);
        checkUsages(usages, AES_USAGES, true);
        const material = secretOf(format, data);
        if (![16, 24, 32].includes(material.byteLength)) fail("DataError", `invalid key length ${material.byteLength} bytes`);
        return aesKey(name, material, extractable, usages);
      }
      if (name === "HMAC") {
        checkUsages(usages, ["sign", "verify"], true);
        const hash = hashOf(params.hash), material = secretOf(format, data);
        if (!material.byteLength) fail("DataError", "key length cannot be 0");
        return keyOf("secret", extractable, { name, hash: { name: hash }, length: material.byteLength * 8 }, usages, material);
      }
      if (name === "PBKDF2") {
        if (format !== "raw") fail("NotSupportedError", `unsupported key format ${format}`);
        return keyOf("secret", false, { name }, usages, bytes(data));
      }
      if (name === "ECDSA" || name === "ECDH") {
        const namedCurve = curveOf(params), [type, material] = ecImport(format, data, namedCurve);
        return keyOf(type, extractable, { name, namedCurve }, usages, material);
      }
      if (RSA.includes(name)) {
        if (!["spki", "pkcs8"].includes(format)) fail("NotSupportedError", `unsupported key format ${format}`);
        return rsaKey(name, format === "spki" ? "public" : "private", extractable, hashOf(params.hash), usages, bytes(data));
      }
      return unsupported(name, "importKey");
    },
    async exportKey(format, key) {
      if (!key.extractable) fail("InvalidAccessError", "the key is not extractable");
      const { name } = key.algorithm, material = materials.get(key);
      if (AES.includes(name)) return secretOut(format, key, `A${key.algorithm.length}${name.slice(4)}`);
      if (name === "HMAC") return secretOut(format, key, HASHES[key.algorithm.hash.name][2]);
      const isPublic = key.type === "public", isCurve = name === "ECDSA" || name === "ECDH";
      if (format === "jwk") return isCurve ? ecJwk(key) : rsaJwk(key);
      if (format === "pkcs8" && !isPublic) return material.slice(0);
      if (format === "raw" && isPublic && isCurve) return material.slice(0);
      if (format === "spki" && isPublic) return isCurve ? curve(key.algorithm.namedCurve, "to spki", material) : material.slice(0);
      return fail("NotSupportedError", `unsupported key format ${format}`);
    },
    async generateKey(algorithm, extractable, usages) {
      const params = algorithmOf(algorithm), { name } = params;
      if (AES.includes(name)) {
        checkGenerated(usages, AES_USAGES);
        if (params.length === undefined) fail("SyntaxError", "could not get length from algorithm parameter");
        if (![128, 192, 256].includes(params.length)) fail("OperationError", "invalid key length");
        return aesKey(name, own.randomBytes(params.length / 8), extractable, usages);
      }
      if (name === "HMAC") {
        checkGenerated(usages, ["sign", "verify"]);
        const hash = hashOf(params.hash), length = params.length ?? HASHES[hash][1];
        return keyOf("secret", extractable, { name, hash: { name: hash }, length }, usages, own.randomBytes(Math.ceil(length / 8)));
      }
      const pair = (privateKey, publicKey) => ({ privateKey, publicKey });
      if (name === "ECDSA" || name === "ECDH") {
        const namedCurve = curveOf(params), secret = curve(namedCurve, "generate"), kind = { name, namedCurve };
        const [mine, theirs] = name === "ECDSA" ? [["sign"], ["verify"]] : [["deriveKey", "deriveBits"], []];
        return pair(keyOf("private", extractable, kind, isPart(usages, mine), secret), keyOf("public", true, kind, isPart(usages, theirs), curve(namedCurve, "public", secret)));
      }
      if (!RSA.includes(name)) return unsupported(name, "generateKey");
      const hash = hashOf(params.hash), secret = rsa("generate", hash, "", "", part(params.publicExponent), params.modulusLength);
      const [mine, theirs] = name === "RSA-OAEP" ? [["decrypt", "unwrapKey"], ["encrypt", "wrapKey"]] : [["sign"], ["verify"]];
      return pair(rsaKey(name, "private", extractable, hash, isPart(usages, mine), secret), rsaKey(name, "public", true, hash, isPart(usages, theirs), rsa("public", hash, secret)));
    },
    encrypt: async (algorithm, key, data) => cipher("encrypt", algorithm, key, data),
    decrypt: async (algorithm, key, data) => cipher("decrypt", algorithm, key, data),
    async sign(algorithm, key, data) {
      const params = algorithmOf(algorithm), { name } = params;
      mustHave(key, "sign");
      const text = bytes(data), material = materials.get(key);
      if (name === "HMAC") return own.digest(HASHES[key.algorithm.hash.name][0], material, text, "binary");
      if (name === "ECDSA") return curve(key.algorithm.namedCurve, "sign", material, own.digest(HASHES[hashOf(params.hash)][0], null, text, "binary"));
      return RSA.includes(name) ? rsa(`sign ${shownName(name)}`, key.algorithm.hash.name, material, text, "", saltOf(params)) : unsupported(name, "sign");
    },
    async verify(algorithm, key, signature, data) {
      const params = algorithmOf(algorithm), { name } = params;
      mustHave(key, "verify");
      const text = bytes(data), material = materials.get(key), given = bytes(signature), isOne = (made) => new Uint8Array(made)[0] === 1;
      if (name === "HMAC") return own.hex(own.digest(HASHES[key.algorithm.hash.name][0], material, text, "binary")) === own.hex(given);
      if (name === "ECDSA") return isOne(curve(key.algorithm.namedCurve, "verify", material, own.digest(HASHES[hashOf(params.hash)][0], null, text, "binary"), given));
      return RSA.includes(name) ? isOne(rsa(`verify ${shownName(name)}`, key.algorithm.hash.name, material, text, given, saltOf(params))) : unsupported(name, "verify");
    },
    async deriveBits(algorithm, key, length) {
      const params = algorithmOf(algorithm);
      mustHave(key, "deriveBits");
      if (params.name === "PBKDF2") return own.pbkdf2(hashOf(params.hash), materials.get(key), part(params.salt), params.iterations, length / 8);
      if (params.name !== "ECDH") return unsupported(params.name, "deriveBits");
      if (params.public?.type !== "public") fail("InvalidAccessError", "algorithm's public key is not a public key");
      const shared = curve(key.algorithm.namedCurve, "derive", materials.get(key), materials.get(params.public));
      if (length === null || length === undefined) return shared;
      if (length > shared.byteLength * 8) fail("OperationError", "length is too large");
      return shared.slice(0, Math.ceil(length / 8));
    },
    async deriveKey(algorithm, key, wanted, extractable, usages) {
      const params = algorithmOf(wanted), length = params.length ?? (params.name === "HMAC" ? HASHES[hashOf(params.hash)][1] : undefined);
      const bits = await subtle.deriveBits(algorithm, withUsage(key), length);
      return subtle.importKey("raw", bits, wanted, extractable, usages);
    },
    async wrapKey() { throw new own.GoError("not implemented"); },
    async unwrapKey() { throw new own.GoError("not implemented"); },
  };
  // A key that may derive keys may derive the bits that they are made of.
  const withUsage = (key) => {
    mustHave(key, "deriveKey");
    return keyOf(key.type, key.extractable, key.algorithm, ["deriveBits"], materials.get(key));
  };

  const WHOLE = [Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array];
  const getRandomValues = (array) => {
    if (array === null || array === undefined) throw new TypeError("Cannot convert undefined or null to object");
    if (!WHOLE.some((Type) => array instanceof Type)) throw new own.GoError("TypeMismatchError: typedArray parameter isn't a TypedArray instance");
    if (array.byteLength > 65536) throw new own.GoError("QuotaExceededError: typedArray parameter is too big; maximum length is 65536");
    if (array.byteLength) new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(new Uint8Array(own.randomBytes(array.byteLength)));
    return array;
  };
  const randomUUID = () => {
    const all = new Uint8Array(own.randomBytes(16));
    all[6] = (all[6] & 0x0f) | 0x40;
    all[8] = (all[8] & 0x3f) | 0x80;
    return own.hex(all.buffer).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  return { getRandomValues, randomUUID, subtle };
})();
