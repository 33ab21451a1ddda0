const own = globalThis.__plimsoll;

export const get = own.get;
export const request = (method, url, body, params) => own.send(String(method ?? "") || "GET", url, body, params);
export const head = (url, params) => own.send("HEAD", url, null, params);
export const post = (url, body, params) => own.send("POST", url, body, params);
export const put = (url, body, params) => own.send("PUT", url, body, params);
export const patch = (url, body, params) => own.send("PATCH", url, body, params);
export const del = (url, body, params) => own.send("DELETE", url, body, params);
export const options = (url, body, params) => own.send("OPTIONS", url, body, params);

// Few scripts need the rest: it is read when it is first asked for.
export const asyncRequest = (...given) => own.http.asyncRequest(...given);
export const url = (...given) => own.http.url(...given);
export const batch = (...given) => own.http.batch(...given);
export const file = (...given) => own.http.file(...given);
export const expectedStatuses = (...given) => own.http.expectedStatuses(...given);
export const setResponseCallback = (callback) => own.setResponseCallback(callback === null ? null : callback.__ranges);

// The name is the class's own: scripts say new http.CookieJar().
export class CookieJar {
  constructor(handle) {
    Object.defineProperty(this, "__jar", { value: handle ?? own.newJar() });
  }
  cookiesForURL(url) { return own.http.cookiesForURL(this.__jar, url); }
  set(...given) { return own.http.setCookie(this.__jar, ...given); }
  clear(url) { own.jarRemove(this.__jar, String(url)); }
  delete(url, name) { own.jarRemove(this.__jar, String(url), String(name)); }
}
export const cookieJar = () => new CookieJar(own.ownJar());

for (const name of ["html", "submitForm", "clickLink", "toJSON"]) {
  Object.defineProperty(own.responsePrototype, name, { value(...given) { return own.http.methods[name].apply(this, given); } });
}
own.timed = (duration, blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving) => ({ duration, blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving });

export const TLS_1_0 = "tls1.0", TLS_1_1 = "tls1.1", TLS_1_2 = "tls1.2", TLS_1_3 = "tls1.3";
export const OCSP_STATUS_GOOD = "good", OCSP_STATUS_REVOKED = "revoked", OCSP_STATUS_SERVER_FAILED = "server_failed", OCSP_STATUS_UNKNOWN = "unknown";
export const OCSP_REASON_AA_COMPROMISE = "aa_compromise", OCSP_REASON_AFFILIATION_CHANGED = "affiliation_changed", OCSP_REASON_CA_COMPROMISE = "ca_compromise", OCSP_REASON_CERTIFICATE_HOLD = "certificate_hold", OCSP_REASON_CESSATION_OF_OPERATION = "cessation_of_operation", OCSP_REASON_KEY_COMPROMISE = "key_compromise", OCSP_REASON_PRIVILEGE_WITHDRAWN = "privilege_withdrawn", OCSP_REASON_REMOVE_FROM_CRL = "remove_from_crl", OCSP_REASON_SUPERSEDED = "superseded", OCSP_REASON_UNSPECIFIED = "unspecified";

export default {
  request, get, head, post, put, patch, del, options, asyncRequest, url, batch, file, cookieJar, CookieJar, expectedStatuses, setResponseCallback,
  TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, OCSP_STATUS_GOOD, OCSP_STATUS_REVOKED, OCSP_STATUS_SERVER_FAILED, OCSP_STATUS_UNKNOWN,
  OCSP_REASON_AA_COMPROMISE, OCSP_REASON_AFFILIATION_CHANGED, OCSP_REASON_CA_COMPROMISE, OCSP_REASON_CERTIFICATE_HOLD, OCSP_REASON_CESSATION_OF_OPERATION, OCSP_REASON_KEY_COMPROMISE, OCSP_REASON_PRIVILEGE_WITHDRAWN, OCSP_REASON_REMOVE_FROM_CRL, OCSP_REASON_SUPERSEDED, OCSP_REASON_UNSPECIFIED,
};
