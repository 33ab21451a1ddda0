// What k6/ws and k6/websockets have in common: handshakes with cookies, and samples with the tags of a session.
globalThis.__plimsoll.sockets = (() => {
  const own = globalThis.__plimsoll;
  const listeners = new Map();
  own.socket = (token, kind, ...rest) => listeners.get(token)?.(kind, ...rest);

  const canonical = (name) => name.toLowerCase().replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
  const ONCE = ["Sec-Websocket-Key", "Connection", "Upgrade", "Sec-Websocket-Version", "Sec-Websocket-Extensions"];

  // One session: what is heard is given to `listener` as kind and details; its last word is "end".
  class Session {
    constructor(url, { headers, jar, tags, protocols = [] }, listener) {
      this.url = url;
      this.listener = listener;
      this.tags = { url, ...tags };
      this.handle = jar?.__jar ?? own.ownJar();
      this.begun = own.now();
      this.pings = [];
      const address = url.replace(/^ws/, "http"), fields = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
      const twice = fields.find(([name]) => ONCE.includes(canonical(name)));
      const given = fields.some(([name]) => canonical(name) === "Sec-Websocket-Protocol");
      if (url.startsWith(":")) this.refused = `parse "${url}": missing protocol scheme`;
      else if (!/^wss?:\/\/./.test(url)) this.refused = "malformed ws or wss URL";
      else if (protocols.length && given) this.refused = "websocket: duplicate header not allowed: Sec-Websocket-Protocol";
      else if (twice) this.refused = `websocket: duplicate header not allowed: ${canonical(twice[0])}`;
      if (protocols.length) fields.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
      const cookies = own.jarCookies(this.handle, address);
      if (cookies.length && !fields.some(([name]) => canonical(name) === "Cookie")) fields.push(["Cookie", cookies.map((pair) => pair.join("=")).join("; ")]);
      this.address = address;
      this.token = own.wsDial(this.refused ? "refused://" : url, fields);
      listeners.set(this.token, (kind, ...rest) => this.hear(kind, ...rest));
    }
    // Whether what is heard still counts.
    accepts() { return true; }
    sample(name, value) { own.wsSample(name, value, this.tags); }
    hear(kind, ...rest) {
      if (kind === "opened") return this.answered(...rest);
      if ((kind === "text" || kind === "binary") && this.accepts()) this.sample("ws_msgs_received", 1);
      if (kind === "pong" && this.pings.length) this.sample("ws_ping", own.now() - this.pings.shift());
      if (kind === "end" || kind === "lost") listeners.delete(this.token);
      this.listener(kind, ...rest);
    }
    answered(status, fields, body, problem) {
      const headers = {};
      for (const [name, value] of fields) {
        const key = canonical(name);
        headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
        if (key === "Set-Cookie") own.jarSet(this.handle, this.address, value);
      }
      if (status > 0) {
        this.tags.status = String(status);
        this.tags.subproto = headers["Sec-Websocket-Protocol"] ?? "";
      }
      this.sample("ws_sessions", 1);
      this.sample("ws_connecting", own.now() - this.begun);
      const isOpen = status === 101 && problem === undefined;
      if (!isOpen) listeners.delete(this.token);
      const host = /^wss?:\/\/([^/?#]*)/.exec(this.url)?.[1] ?? "";
      const error = this.refused ?? (/refused$/.test(problem ?? "") ? `dial tcp ${host}: ${problem}` : problem);
      this.listener(isOpen ? "open" : "failed", { status, headers, body, error });
    }
    say(kind, data, reason) {
      if (kind === "ping") this.pings.push(own.now());
      return own.wsSay(this.token, kind, data, reason ?? "");
    }
    forget() {
      listeners.delete(this.token);
      own.wsForget(this.token);
    }
    end() { this.sample("ws_session_duration", own.now() - this.begun); }
  }

  const checkTags = (tags, what) => {
    if (tags === null || typeof tags !== "object") return {};
    for (const [name, value] of Object.entries(tags)) {
      if (!["string", "number", "boolean"].includes(typeof value)) throw new own.GoError(`invalid ${what}: invalid value for metric tag '${name}': only String, Boolean and Number types are accepted as a metric tag values`);
    }
    return tags;
  };
  const checkCompression = (given) => {
    const name = given === undefined || given === null ? "" : String(given).trim();
    if (name !== "" && name !== "deflate") throw new own.GoError(`unsupported compression algorithm '${name}', supported algorithm is 'deflate'`);
  };
  return { Session, listeners, checkTags, checkCompression };
})();
