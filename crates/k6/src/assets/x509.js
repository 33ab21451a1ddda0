const own = globalThis.__plimsoll;

const known = (pem) => {
  if (pem !== null && pem !== undefined && typeof pem !== "string" && typeof pem !== "object") {
    throw new TypeError(`could not convert function call parameter 0: could not convert ${pem} to []uint8`);
  }
  return JSON.parse(own.certificate(pem));
};

export const parse = (pem) => {
  const certificate = known(pem);
  if (certificate.publicKey === null) throw new own.GoError("unsupported public key algorithm");
  const { algorithm, numbers, e } = certificate.publicKey;
  const key = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, BigInt(text)]));
  if (e !== undefined) key.e = e;
  return { ...certificate, publicKey: { algorithm, key } };
};
export const getAltNames = (pem) => known(pem).altNames;
export const getIssuer = (pem) => known(pem).issuer;
export const getSubject = (pem) => known(pem).subject;
export default { parse, getAltNames, getIssuer, getSubject };
