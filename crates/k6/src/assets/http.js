const own = globalThis.__plimsoll;

const isBytes = (body) => body instanceof ArrayBuffer || ArrayBuffer.isView(body);

class FileData {
  constructor(data, filename, content_type) {
    this.data = data;
    this.filename = filename;
    this.content_type = content_type;
  }
}

export function file(data, filename, contentType) {
  return new FileData(data, filename === undefined ? String(own.clockMs() * 1e6) : String(filename), contentType === undefined ? "application/octet-stream" : String(contentType));
}

const escape = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const urlencoded = (fields) => {
  const pairs = [];
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.push(`${escape(name)}=${one === null || one === undefined ? "" : escape(typeof one === "object" ? "" : String(one))}`);
    }
  }
  return pairs.join("&");
};

own.urlencoded = urlencoded;

const multipart = (fields) => {
  const boundary = `plimsoll${own.clockMs().toString(36)}${Math.floor(Math.random() * 2 ** 48).toString(36)}`;
  const parts = [];
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value instanceof FileData) {
      parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${value.filename}"\r\nContent-Type: ${value.content_type}\r\n\r\n`, value.data, "\r\n");
    } else {
      parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return [own.concat(parts), `multipart/form-data; boundary=${boundary}`];
};

// The body as it is sent, and the content type it suggests.
const encoded = (body) => {
  if (body === undefined || body === null) return [null, null];
  if (typeof body === "string" || isBytes(body)) return [body, null];
  if (typeof body !== "object") return [String(body), null];
  if (body instanceof FileData) return [body.data, null];
  return Object.values(body).some((v) => v instanceof FileData) ? multipart(body) : [urlencoded(body), "application/x-www-form-urlencoded"];
};

const address = (url) => {
  if (typeof url === "string") return [url, undefined];
  if (url && typeof url === "object" && url.__plimsollUrl) return [url.url, url.name];
  return [String(url), undefined];
};

// A request as the native side takes it: the body encoded, with the content type that it suggests.
const prepared = (method, url, body, params) => {
  const [at, name] = address(url);
  const [bytes, type] = body === undefined || body === null ? [null, null] : encoded(body);
  return [String(method).toUpperCase(), at, name, bytes, type, params];
};

export const request = (method, url, body, params) => own.request(...prepared(method, url, body, params));

own.getOther = (url, params) => request("GET", url, null, params);
export const get = own.get;
export const head = (url, params) => request("HEAD", url, null, params);
export const post = (url, body, params) => request("POST", url, body, params);
export const put = (url, body, params) => request("PUT", url, body, params);
export const patch = (url, body, params) => request("PATCH", url, body, params);
export const del = (url, body, params) => request("DELETE", url, body, params);
export const options = (url, body, params) => request("OPTIONS", url, body, params);

const waiting = new Map();
own.replied = (token, response, error) => {
  const { resolve, reject } = waiting.get(token);
  waiting.delete(token);
  if (error === undefined) resolve(response); else reject(error);
};
export const asyncRequest = (method, url, body, params) => new Promise((resolve, reject) => {
  waiting.set(own.start(prepared(method, url, body, params)), { resolve, reject });
});

export function url(parts, ...values) {
  let name = "", full = "";
  parts.forEach((part, index) => {
    name += part + (index < values.length ? "${}" : "");
    full += part + (index < values.length ? String(values[index]) : "");
  });
  return { __plimsollUrl: true, url: full, name, toString: () => full };
}

export function batch(requests) {
  const one = (given) => {
    if (typeof given === "string" || (given && given.__plimsollUrl)) return prepared("GET", given);
    if (Array.isArray(given)) return prepared(given[0], given[1], given[2], given[3]);
    return prepared(given.method ?? "GET", given.url, given.body, given.params);
  };
  if (Array.isArray(requests)) return own.batch(requests.map(one));
  const names = Object.keys(requests), responses = own.batch(names.map((name) => one(requests[name])));
  return Object.fromEntries(names.map((name, at) => [name, responses[at]]));
}

// The name is the class's own: scripts say new http.CookieJar().
export class CookieJar {
  constructor(handle) {
    Object.defineProperty(this, "__jar", { value: handle ?? own.newJar() });
  }
  cookiesForURL(url) {
    const all = {};
    for (const [name, value] of own.jarCookies(this.__jar, String(url))) (all[name] ??= []).push(value);
    return all;
  }
  set(url, name, value, options = {}) {
    let cookie = `${name}=${value}`;
    for (const [key, given] of Object.entries(options ?? {})) {
      if (key === "domain" || key === "path") cookie += `; ${key}=${given}`;
      else if (key === "max_age") cookie += `; Max-Age=${given}`;
      else if (key === "expires") cookie += `; Expires=${given}`;
      else if (key === "secure" && given) cookie += "; Secure";
      else if (key === "http_only" && given) cookie += "; HttpOnly";
    }
    return own.jarSet(this.__jar, String(url), cookie);
  }
  clear(url) { own.jarRemove(this.__jar, String(url)); }
  delete(url, name) { own.jarRemove(this.__jar, String(url), String(name)); }
}
export const cookieJar = () => new CookieJar(own.ownJar());

export function expectedStatuses(...statuses) {
  const ranges = statuses.map((status) => {
    if (Number.isInteger(status)) return [status, status];
    if (status && Number.isInteger(status.min) && Number.isInteger(status.max)) return [status.min, status.max];
    throw new TypeError("expectedStatuses() takes numbers and objects { min, max }");
  });
  if (!ranges.length) throw new TypeError("expectedStatuses() needs at least one status");
  return { __ranges: ranges.flat() };
}

export const setResponseCallback = (callback) => own.setResponseCallback(callback === null ? null : callback.__ranges);

// gjson's paths, as far as scripts use them: names, numbers, #, #.name, \. and arrays of what was found.
const select = (value, path) => {
  const parts = path.match(/(?:\\.|[^.\\])+/g)?.map((p) => p.replace(/\\(.)/g, "$1")) ?? [];
  const walk = (at, index) => {
    if (index === parts.length || at === undefined || at === null) return at === null && index < parts.length ? undefined : at;
    const part = parts[index];
    if (part === "#") {
      if (!Array.isArray(at)) return undefined;
      return index + 1 === parts.length ? at.length : at.map((one) => walk(one, index + 1)).filter((one) => one !== undefined);
    }
    const query = /^#\((.+?)\s*(==|!=|>=|<=|>|<)\s*(.+?)\)(#?)$/.exec(part);
    if (query && Array.isArray(at)) {
      const [, name, sign, raw, every] = query, wanted = /^".*"$/.test(raw) ? raw.slice(1, -1) : JSON.parse(raw);
      const holds = (one) => { const v = select(one, name); return { "==": v === wanted, "!=": v !== wanted, ">": v > wanted, "<": v < wanted, ">=": v >= wanted, "<=": v <= wanted }[sign]; };
      if (every) return at.filter(holds).map((one) => walk(one, index + 1));
      return walk(at.find(holds), index + 1);
    }
    return typeof at === "object" ? walk(at[part], index + 1) : undefined;
  };
  return walk(value, 0);
};

const cached = new WeakMap();
const methods = {
  json(selector) {
    let value = cached.get(this);
    if (value === undefined) {
      const body = this.body;
      if (body === null || body === undefined) throw new Error("the body is null so we can't transform it to JSON - this likely was because of a request error getting the response");
      value = JSON.parse(typeof body === "string" ? body : own.text(body));
      if (value !== null && typeof value === "object") cached.set(this, value);
    }
    return selector === undefined ? value : select(value, String(selector));
  },
  html(...selector) {
    const body = this.body;
    if (body === null || body === undefined) throw new own.GoError("the body is null so we can't transform it to HTML - this likely was because of a request error getting the response");
    const page = own.library("html").parse(typeof body === "string" ? body : own.text(body), this.url);
    return selector.length ? page.find(selector[0] ?? "") : page;
  },
  submitForm(given = {}) { return request(...own.library("html").submission(this, Object(given))); },
  clickLink(given = {}) { return request(...own.library("html").target(this, Object(given))); },
  toJSON() {
    const all = {};
    for (const key of ["remote_ip", "remote_port", "url", "status", "status_text", "proto", "headers", "cookies", "body", "timings", "tls_version", "tls_cipher_suite", "ocsp", "error", "error_code", "request"]) all[key] = this[key];
    return all;
  },
};
for (const [name, value] of Object.entries(methods)) Object.defineProperty(own.responsePrototype, name, { value });

export const TLS_1_0 = "tls1.0", TLS_1_1 = "tls1.1", TLS_1_2 = "tls1.2", TLS_1_3 = "tls1.3";
export const OCSP_STATUS_GOOD = "good", OCSP_STATUS_REVOKED = "revoked", OCSP_STATUS_SERVER_FAILED = "server_failed", OCSP_STATUS_UNKNOWN = "unknown";
export const OCSP_REASON_AA_COMPROMISE = "aa_compromise", OCSP_REASON_AFFILIATION_CHANGED = "affiliation_changed", OCSP_REASON_CA_COMPROMISE = "ca_compromise", OCSP_REASON_CERTIFICATE_HOLD = "certificate_hold", OCSP_REASON_CESSATION_OF_OPERATION = "cessation_of_operation", OCSP_REASON_KEY_COMPROMISE = "key_compromise", OCSP_REASON_PRIVILEGE_WITHDRAWN = "privilege_withdrawn", OCSP_REASON_REMOVE_FROM_CRL = "remove_from_crl", OCSP_REASON_SUPERSEDED = "superseded", OCSP_REASON_UNSPECIFIED = "unspecified";

export default {
  request, get, head, post, put, patch, del, options, asyncRequest, url, batch, file, cookieJar, CookieJar, expectedStatuses, setResponseCallback,
  TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, OCSP_STATUS_GOOD, OCSP_STATUS_REVOKED, OCSP_STATUS_SERVER_FAILED, OCSP_STATUS_UNKNOWN,
  OCSP_REASON_AA_COMPROMISE, OCSP_REASON_AFFILIATION_CHANGED, OCSP_REASON_CA_COMPROMISE, OCSP_REASON_CERTIFICATE_HOLD, OCSP_REASON_CESSATION_OF_OPERATION, OCSP_REASON_KEY_COMPROMISE, OCSP_REASON_PRIVILEGE_WITHDRAWN, OCSP_REASON_REMOVE_FROM_CRL, OCSP_REASON_SUPERSEDED, OCSP_REASON_UNSPECIFIED,
};
