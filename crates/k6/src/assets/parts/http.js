// What few scripts need of k6/http: bodies of other kinds than a text, several requests at once, jars, pages.
const own = globalThis.__plimsoll;

const isBytes = (body) => body instanceof ArrayBuffer || body instanceof Uint8Array;

class FileData {
  constructor(data, filename, content_type) {
    this.data = data;
    this.filename = filename;
    this.content_type = content_type;
  }
}

function file(data, filename, contentType) {
  if (typeof data !== "string" && !(data instanceof ArrayBuffer)) throw new own.GoError(`invalid type ${own.goType(data)}, expected string or ArrayBuffer`);
  return new FileData(data, filename === undefined ? String(own.clockMs() * 1e6) : String(filename), contentType === undefined ? "application/octet-stream" : String(contentType));
}

const escape = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const urlencoded = (fields) => {
  const pairs = [];
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    for (const one of Array.isArray(value) ? value : [value]) pairs.push(`${escape(name)}=${escape(own.goText(one))}`);
  }
  return pairs.join("&");
};
own.urlencoded = urlencoded;

const quoted = (text) => text.replace(/[\\"]/g, "\\$&");
const multipart = (fields) => {
  const boundary = Array.from({ length: 60 }, () => Math.floor(Math.random() * 16).toString(16)).join("");
  const parts = [];
  for (const name of Object.keys(fields)) {
    const value = fields[name], head = `--${boundary}\r\nContent-Disposition: form-data; `;
    if (value instanceof FileData) {
      parts.push(`${head}name="${name}"; filename="${quoted(value.filename)}"\r\nContent-Type: ${value.content_type}\r\n\r\n`, value.data, "\r\n");
    } else {
      parts.push(`${head}name="${quoted(name)}"\r\n\r\n${own.goText(value)}\r\n`);
    }
  }
  parts.push(`--${boundary}--\r\n`);
  return [own.concat(parts), `multipart/form-data; boundary=${boundary}`];
};

// The body as it is sent, and the content type it suggests.
const encoded = (body) => {
  if (body === undefined || body === null) return [null, null];
  if (typeof body === "string" || isBytes(body)) return [body, null];
  if (typeof body !== "object" || Array.isArray(body) || body instanceof Date || body instanceof FileData || ArrayBuffer.isView(body)) {
    throw new Refused(`unknown request body type ${own.goType(body)}`);
  }
  return Object.values(body).some((v) => v instanceof FileData) ? multipart(body) : [urlencoded(body), "application/x-www-form-urlencoded"];
};

const address = (url) => {
  if (typeof url === "string") return [url, undefined];
  if (url && typeof url === "object" && url.__plimsollUrl) return [url.url, url.name];
  throw new Refused(`invalid URL: '#${own.goText(url)}'`, 1020);
};

// A request that makes no sense: it is answered, and never sent.
class Refused extends Error {
  constructor(message, code = 0) {
    super(message);
    this.code = code;
  }
}
const orRefused = (make, refuse) => {
  try { return make(); } catch (error) {
    if (error instanceof Refused) return refuse(error.message, error.code);
    throw error;
  }
};

// A request as the native side takes it: the body encoded, with the content type that it suggests.
const prepared = (method, url, body, params) => {
  const [at, name] = address(url);
  const [bytes, type] = encoded(body);
  return [String(method ?? "") || "GET", at, name, bytes, type, params];
};

own.sendOther = (method, url, body, params) => orRefused(() => own.request(...prepared(method, url, body, params)), own.refused);
const waiting = new Map();
own.replied = (token, response, error) => {
  const { resolve, reject } = waiting.get(token);
  waiting.delete(token);
  if (error === undefined) resolve(response); else reject(error);
};
const asyncRequest = (method, url, body, params) => new Promise((resolve, reject) => {
  orRefused(() => waiting.set(own.start(prepared(method, url, body, params)), { resolve, reject }), (text, code) => resolve(own.refused(text, code)));
});

function url(parts, ...values) {
  let name = "", full = "";
  parts.forEach((part, index) => {
    name += part + (index < values.length ? "${}" : "");
    full += part + (index < values.length ? String(values[index]) : "");
  });
  return { __plimsollUrl: true, url: full, name, toString: () => full };
}

function batch(...given) {
  if (!given.length) throw new own.GoError("no argument was provided to http.batch()");
  const [requests] = given;
  if (requests === null || typeof requests !== "object") throw new own.GoError(`invalid http.batch() argument type ${own.goType(requests)}`);
  const one = (wanted) => orRefused(() => {
    if (Array.isArray(wanted)) return prepared(wanted[0], wanted[1], wanted[2], wanted[3]);
    if (wanted === null || typeof wanted !== "object" || wanted.__plimsollUrl) return prepared("GET", wanted);
    return prepared(String(wanted.method ?? "GET").toUpperCase(), wanted.url, wanted.body, wanted.params);
  }, own.refused);
  const names = Object.keys(requests), all = names.map((name) => one(requests[name]));
  // One that makes no sense keeps all from being sent.
  const answered = all.every(Array.isArray) ? own.batch(all) : all.map((request) => Array.isArray(request) ? own.refused("", 0) : request);
  return Array.isArray(requests) ? answered : Object.fromEntries(names.map((name, at) => [name, answered[at]]));
}

// What a jar of cookies does.
const cookiesForURL = (jar, url) => {
  const all = {};
  for (const [name, value] of own.jarCookies(jar, String(url))) (all[name] ??= []).push(value.replace(/^"(.*)"$/, "$1"));
  return all;
};
const setCookie = (jar, url, name, value, options) => {
  own.checkUrl(String(url));
  const text = value === null || value === undefined ? "" : String(value).replace(/[;"]/g, "");
  let cookie = `${name}=${/[ ,]/.test(text) ? `"${text}"` : text}`;
  for (const [key, given] of Object.entries(options ?? {})) {
    if (key === "domain" || key === "path") cookie += `; ${key}=${given}`;
    else if (key === "max_age" && Number(given) !== 0) cookie += `; Max-Age=${given}`;
    else if (key === "expires" && given) {
      if (!/^[A-Z][a-z]{2}, /.test(given)) throw new own.GoError(`unable to parse "expires" date string "${given}": parsing time "${given}" as "Mon, 02 Jan 2006 15:04:05 MST": cannot parse "${given}" as "Mon"`);
      cookie += `; Expires=${given}`;
    } else if (key === "secure" && given) cookie += "; Secure";
    else if (key === "http_only" && given) cookie += "; HttpOnly";
  }
  own.jarSet(jar, String(url), cookie);
  return true;
};

function expectedStatuses(...statuses) {
  const ranges = statuses.map((status) => {
    if (Number.isInteger(status)) return [status, status];
    if (status && Number.isInteger(status.min) && Number.isInteger(status.max)) return [status.min, status.max];
    throw new TypeError("expectedStatuses() takes numbers and objects { min, max }");
  });
  if (!ranges.length) throw new TypeError("expectedStatuses() needs at least one status");
  return { __ranges: ranges.flat() };
}

const absent = (kind) => new own.GoError(`the body is null so we can't transform it to ${kind} - this likely was because of a request error getting the response`);
const fields = ["remote_ip", "remote_port", "url", "status", "status_text", "proto", "headers", "cookies", "body", "timings", "tls_version", "tls_cipher_suite", "ocsp", "error", "error_code", "request"];
const methods = {
  // Where the native side has no body: the script has put another in its place, or there is none.
  json(...path) {
    const { body } = this;
    if (body === null || body === undefined) throw absent("JSON");
    if (typeof body !== "string" && !isBytes(body)) throw new own.GoError(`invalid type ${own.goType(body)}, expected string, []byte or ArrayBuffer`);
    return own.textJson(body, ...path);
  },
  html(...selector) {
    const { body } = this;
    if (body === null || body === undefined) throw absent("HTML");
    const page = own.html.parse(typeof body === "string" ? body : own.text(body), this.url);
    return selector.length ? page.find(selector[0] === null || selector[0] === undefined ? "" : String(selector[0])) : page;
  },
  submitForm(...given) { return own.send(...own.html.submission(this, ...given)); },
  clickLink(...given) { return own.send(...own.html.target(this, ...given)); },
  toJSON() { return Object.fromEntries(fields.map((key) => [key, this[key]])); },
};

for (const name of ["html", "submitForm", "clickLink", "toJSON"]) {
  Object.defineProperty(own.responsePrototype, name, { value(...given) { return methods[name].apply(this, given); } });
}

const setResponseCallback = (callback) => own.setResponseCallback(callback === null ? null : callback.__ranges);

// The name is the class's own: scripts say new http.CookieJar().
class CookieJar {
  constructor(handle) {
    Object.defineProperty(this, "__jar", { value: handle ?? own.newJar() });
  }
  cookiesForURL(url) { return cookiesForURL(this.__jar, url); }
  set(...given) { return setCookie(this.__jar, ...given); }
  clear(url) { own.jarRemove(this.__jar, String(url)); }
  delete(url, name) { own.jarRemove(this.__jar, String(url), String(name)); }
}
const cookieJar = () => new CookieJar(own.ownJar());

own.http = { asyncRequest, url, batch, file, expectedStatuses, setResponseCallback, CookieJar, cookieJar, methods };
