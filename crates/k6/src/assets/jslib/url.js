// URL and URLSearchParams, as far as load tests use them.
const encode = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const decode = (text) => { try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch { return text; } };

export class URLSearchParams {
  #pairs = [];
  #changed;
  constructor(init = "", changed) {
    this.#changed = changed ?? (() => {});
    if (typeof init === "string") {
      for (const part of init.replace(/^\?/, "").split("&").filter(Boolean)) {
        const at = part.indexOf("=");
        this.#pairs.push(at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))]);
      }
    } else if (init && typeof init[Symbol.iterator] === "function") {
      for (const [name, value] of init) this.#pairs.push([String(name), String(value)]);
    } else if (init) {
      for (const name of Object.keys(init)) this.#pairs.push([name, String(init[name])]);
    }
  }
  append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(); }
  delete(name) { this.#pairs = this.#pairs.filter(([n]) => n !== name); this.#changed(); }
  get(name) { return this.#pairs.find(([n]) => n === name)?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter(([n]) => n === name).map(([, v]) => v); }
  has(name) { return this.#pairs.some(([n]) => n === name); }
  set(name, value) {
    const at = this.#pairs.findIndex(([n]) => n === name);
    if (at < 0) this.#pairs.push([String(name), String(value)]);
    else this.#pairs = this.#pairs.filter(([n], i) => n !== name || i === at).map(([n, v]) => n === name ? [n, String(value)] : [n, v]);
    this.#changed();
  }
  sort() { this.#pairs.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0); this.#changed(); }
  forEach(callback) { this.#pairs.forEach(([name, value]) => callback(value, name, this)); }
  entries() { return this.#pairs[Symbol.iterator](); }
  keys() { return this.#pairs.map(([n]) => n)[Symbol.iterator](); }
  values() { return this.#pairs.map(([, v]) => v)[Symbol.iterator](); }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#pairs.map(([n, v]) => `${encode(n)}=${encode(v)}`).join("&"); }
}

const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443" };

export class URL {
  constructor(address, base) {
    let text = String(address);
    if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) {
      if (base === undefined) throw new TypeError(`Invalid URL: ${text}`);
      const from = new URL(base);
      if (text.startsWith("//")) text = from.protocol + text;
      else if (text.startsWith("/")) text = from.origin + text;
      else if (text.startsWith("?") || text.startsWith("#")) text = from.origin + from.pathname + (text.startsWith("#") ? from.search : "") + text;
      else text = from.origin + from.pathname.replace(/[^/]*$/, "") + text;
    }
    const parts = /^([a-z][a-z0-9+.-]*:)\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^:/?#]*)(?::(\d+))?([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(text);
    if (!parts) throw new TypeError(`Invalid URL: ${text}`);
    const [, protocol, username = "", password = "", hostname, port = "", pathname, search = "", hash = ""] = parts;
    this.protocol = protocol.toLowerCase();
    this.username = username;
    this.password = password;
    this.hostname = hostname.toLowerCase();
    this.port = port === PORTS[this.protocol] ? "" : port;
    const path = [];
    for (const part of (pathname || "/").split("/").slice(1)) { if (part === "..") path.pop(); else if (part !== ".") path.push(part); }
    this.pathname = `/${path.join("/")}`;
    this.search = search === "?" ? "" : search;
    this.hash = hash === "#" ? "" : hash;
    this.searchParams = new URLSearchParams(this.search, () => { const text = this.searchParams.toString(); this.search = text && `?${text}`; });
  }
  get host() { return this.port ? `${this.hostname}:${this.port}` : this.hostname; }
  get origin() { return `${this.protocol}//${this.host}`; }
  get href() { const user = this.username ? `${this.username}${this.password ? `:${this.password}` : ""}@` : ""; return `${this.protocol}//${user}${this.host}${this.pathname}${this.search}${this.hash}`; }
  toString() { return this.href; }
  toJSON() { return this.href; }
}
