// k6/html: selections and elements over a page that the native side has parsed. Nodes are numbers in document order.
globalThis.__plimsoll.html = (() => {
  const own = globalThis.__plimsoll;
  const fail = (message) => { throw new own.GoError(message); };
  const ELEMENT = 1, TEXT = 3, COMMENT = 8, DOCUMENT = 9, DOCTYPE = 10;

  // What cascadia understands and CSS does not.
  const css = (selector) => String(selector)
    .replace(/\[([\w-]+)!=("[^"]*"|'[^']*'|[^\]]*)\]/g, ":not([$1=$2])")
    .replace(/:root\b/g, "html")
    .replace(/:input\b/g, ":is(input,select,textarea,button)")
    .replace(/:checked\b/g, ":is(input[type=checkbox][checked],input[type=radio][checked],option[selected])")
    .replace(/:disabled\b/g, ":is(input,select,textarea,button,option,optgroup,fieldset)[disabled]")
    .replace(/:enabled\b/g, ":is(input,select,textarea,button,option,optgroup,fieldset):not([disabled])");

  class Page {
    constructor(text, url) {
      this.handle = own.htmlParse(text);
      this.url = url;
      this.nodes = [];
    }
    node(i) {
      if (i === undefined) return undefined;
      const known = this.nodes[i];
      if (known) return known;
      const [type, name, value, parent, children, attributes] = own.htmlNode(this.handle, i);
      return this.nodes[i] = { i, type, name, value, parent: parent < 0 ? undefined : parent, children, attributes };
    }
    isElement(i) { return this.node(i).type === ELEMENT; }
    attribute(i, name) { return this.node(i).attributes.find(([known]) => known === name)?.[1]; }
    elements(i) { return this.node(i).children.filter((child) => this.isElement(child)); }
    text(i) { return own.htmlText(this.handle, i); }
    inner(i) { return own.htmlRender(this.handle, i, false); }
    // Descendants that match; none if the selector is none.
    select(i, selector) { return own.htmlSelect(this.handle, i, css(selector)) ?? []; }
    // Those that match; undefined if the selector is none.
    matching(list, selector) { return own.htmlMatching(this.handle, list, css(selector)) ?? undefined; }
    siblings(i) { return this.node(i).parent === undefined ? [] : this.elements(this.node(i).parent); }
    ancestors(i) {
      const all = [];
      for (let at = this.node(i).parent; at !== undefined && this.isElement(at); at = this.node(at).parent) all.push(at);
      return all;
    }
    within(i, outer) { for (let at = this.node(i).parent; at !== undefined; at = this.node(at).parent) if (at === outer) return true; return false; }
    resolve(address) { return own.resolveUrl(this.url, address); }
  }

  const unique = (list) => [...new Set(list)];
  const ordered = (list) => unique(list).sort((a, b) => a - b);
  const typeName = (x) => x === undefined || x === null ? "<nil>" : typeof x === "number" ? (Number.isInteger(x) ? "int64" : "float64")
    : typeof x === "boolean" ? "bool" : x instanceof Element ? `html.${x.constructor.typeName}` : typeof x === "function" ? "func(goja.FunctionCall) goja.Value" : "map[string]interface {}";

  // The value of a field as a form would send it; undefined for what has none.
  const valueOf = (page, i) => {
    const { name } = page.node(i), value = page.attribute(i, "value");
    if (name === "input") return value ?? (["checkbox", "radio"].includes(page.attribute(i, "type")) ? "on" : "");
    if (name === "button") return value ?? "";
    if (name === "textarea") return page.text(i);
    if (name === "option") return value ?? page.text(i);
    if (name !== "select") return undefined;
    const chosen = page.select(i, "option[selected]").map((option) => valueOf(page, option));
    return page.attribute(i, "multiple") !== undefined ? chosen : chosen[0] ?? "";
  };

  const converted = (text) => {
    if (text === "true" || text === "false") return text === "true";
    if (text === "" || text === "null") return undefined;
    if (/^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text) return Number(text);
    if (/^[[{]/.test(text)) { try { return JSON.parse(text); } catch { return text; } }
    return text;
  };
  const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

  class Selection {
    #page; #nodes; #previous;
    constructor(page, nodes, previous) {
      this.#page = page;
      this.#nodes = nodes;
      this.#previous = previous;
      this.url = page.url;
    }
    static nodes(selection) { return selection.#nodes; }
    static page(selection) { return selection.#page; }
    #new(nodes) { return new Selection(this.#page, nodes, this); }
    // Nodes that a selector or a selection stands for.
    #chosen(given) {
      if (typeof given === "string") return this.#page.select(0, given);
      if (given instanceof Selection) return given.#nodes;
      return fail(`invalid argument, cannot use a '${typeName(given)}' as a selector`);
    }
    // Nodes one step away, those that match if a filter was given.
    #step(filter, step) {
      const nodes = unique(this.#nodes.flatMap(step));
      return this.#new(filter.length ? this.#page.matching(nodes, filter[0]) ?? [] : nodes);
    }
    #until(given, filter, walk) {
      const stop = given === undefined || given === null ? [] : this.#chosen(given);
      return this.#step(filter.filter((f) => f !== undefined), (i) => {
        const all = walk(i), end = all.findIndex((at) => stop.includes(at));
        return end < 0 ? all : all.slice(0, end);
      });
    }
    #after(i) { const all = this.#page.siblings(i); return all.slice(all.indexOf(i) + 1); }
    #before(i) { const all = this.#page.siblings(i); return all.slice(0, all.indexOf(i)).reverse(); }
    #sieve(name, given) {
      if (typeof given === "string") return this.#page.matching(this.#nodes, given);
      if (given instanceof Selection) return this.#nodes.filter((i) => given.#nodes.includes(i));
      if (typeof given === "function") return this.#nodes.filter((i, at) => given(at, new Raw(this.#page, i)));
      return fail(`the argument to ${name}() must be a function, a selector or a selection`);
    }

    find(given) {
      if (typeof given === "string") return this.#new(ordered(this.#nodes.flatMap((i) => this.#page.select(i, given))));
      const chosen = this.#chosen(given);
      return this.#new(chosen.filter((i) => this.#nodes.some((outer) => this.#page.within(i, outer))));
    }
    add(given) { return this.#new(ordered([...this.#nodes, ...this.#chosen(given)])); }
    closest(given) {
      const chosen = this.#chosen(given);
      const nearest = (i) => [i, ...this.#page.ancestors(i)].find((at) => chosen.includes(at));
      return this.#new(unique(this.#nodes.map(nearest).filter((i) => i !== undefined)));
    }
    has(given) {
      const chosen = this.#chosen(given);
      return this.#new(this.#nodes.filter((i) => chosen.some((inner) => this.#page.within(inner, i))));
    }
    not(given) {
      if (given instanceof Element) return this.#new(this.#nodes.filter((i) => i !== Element.node(given)));
      if (typeof given !== "string" && typeof given !== "function") this.#chosen(given);
      const out = this.#sieve("not", given) ?? [];
      return this.#new(this.#nodes.filter((i) => !out.includes(i)));
    }
    filter(given) { return this.#new(this.#sieve("filter", given) ?? []); }
    is(given) { return (this.#sieve("is", given) ?? []).length > 0; }
    next(...filter) { return this.#step(filter, (i) => this.#after(i).slice(0, 1)); }
    nextAll(...filter) { return this.#step(filter, (i) => this.#after(i)); }
    nextUntil(until, ...filter) { return this.#until(until, filter, (i) => this.#after(i)); }
    prev(...filter) { return this.#step(filter, (i) => this.#before(i).slice(0, 1)); }
    prevAll(...filter) { return this.#step(filter, (i) => this.#before(i)); }
    prevUntil(until, ...filter) { return this.#until(until, filter, (i) => this.#before(i)); }
    parent(...filter) { return this.#step(filter, (i) => this.#page.ancestors(i).slice(0, 1)); }
    parents(...filter) { return this.#step(filter, (i) => this.#page.ancestors(i)); }
    parentsUntil(until, ...filter) { return this.#until(until, filter, (i) => this.#page.ancestors(i)); }
    siblings(...filter) { return this.#step(filter, (i) => this.#page.siblings(i).filter((other) => other !== i)); }
    children(...filter) { return this.#step(filter, (i) => this.#page.elements(i)); }
    contents() { return this.#new(this.#nodes.flatMap((i) => this.#page.node(i).children)); }
    first() { return this.#new(this.#nodes.slice(0, 1)); }
    last() { return this.#new(this.#nodes.slice(-1)); }
    eq(at) { at = Math.trunc(Number(at)) || 0; return this.#new(this.#nodes.slice(at, at === -1 ? undefined : at + 1)); }
    slice(from, to) { return this.#new(this.#nodes.slice(from, to)); }
    end() { return this.#previous ?? this.#new([]); }
    get(at) {
      if (at === undefined) return this.#nodes.map((i) => element(this.#page, i));
      const i = this.#nodes.at(Math.trunc(Number(at)) || 0);
      return i === undefined ? undefined : element(this.#page, i);
    }
    index(given) {
      const first = this.#nodes[0];
      if (given === undefined) return first === undefined ? -1 : this.#page.siblings(first).indexOf(first);
      if (typeof given === "string") return this.#page.select(0, given).indexOf(first);
      const sought = given instanceof Element ? Element.node(given) : given instanceof Selection ? given.#nodes[0] : undefined;
      return sought === undefined ? -1 : this.#nodes.indexOf(sought);
    }
    size() { return this.#nodes.length; }
    toArray() { return this.#nodes.map((i) => this.#new([i])); }
    each(callback) {
      if (typeof callback !== "function") fail("the argument to each() must be a function");
      this.#nodes.forEach((i, at) => {
        try { callback(at, element(this.#page, i)); } catch (error) { fail(`the function passed to each() failed: ${error}${(error?.stack ?? "").split("\n")[0].replace(/^\s*at /, " at ")}`); }
      });
      return this;
    }
    map(callback) {
      if (typeof callback !== "function") fail("the argument to map() must be a function");
      try { return this.#nodes.map((i, at) => callback(at, this.#new([i]))); } catch { return []; }
    }
    text() { return this.#nodes.map((i) => this.#page.text(i)).join(""); }
    html() { return this.#nodes.length ? this.#page.inner(this.#nodes[0]) : ""; }
    attr(name, otherwise) { return (this.#nodes.length ? this.#page.attribute(this.#nodes[0], String(name)) : undefined) ?? otherwise; }
    val() { return this.#nodes.length ? valueOf(this.#page, this.#nodes[0]) : undefined; }
    data(name) {
      if (!this.#nodes.length) return undefined;
      if (name !== undefined) {
        const text = this.#page.attribute(this.#nodes[0], `data-${kebab(String(name))}`);
        return text === undefined ? undefined : converted(text);
      }
      const all = this.#page.node(this.#nodes[0]).attributes.filter(([key]) => key.startsWith("data-"));
      return Object.fromEntries(all.map(([key, text]) => [camel(key.slice(5)), converted(text)]));
    }
    serializeArray() {
      const fields = (i) => this.#page.node(i).name === "form" ? this.#page.select(i, "input,select,textarea") : [i];
      const skipped = ["submit", "button", "image", "reset", "file", "checkbox", "radio"];
      const all = this.#nodes.flatMap(fields).filter((i) => ["input", "select", "textarea"].includes(this.#page.node(i).name));
      const sent = all.filter((i) => this.#page.attribute(i, "name") && !skipped.includes(this.#page.attribute(i, "type")));
      return sent.map((i) => ({ name: this.#page.attribute(i, "name"), value: valueOf(this.#page, i) }));
    }
    serializeObject() { return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value])); }
    serialize() { return own.urlencoded(this.serializeObject()); }
  }

  // What the callbacks of filter(), not() and is() are given.
  class Raw {
    #page; #i;
    constructor(page, i) { this.#page = page; this.#i = i; }
    text() { return this.#page.text(this.#i); }
    html() { return [this.#page.inner(this.#i), null]; }
    attr(name) { const value = this.#page.attribute(this.#i, String(name)); return [value ?? "", value !== undefined]; }
    hasClass(name) { return (this.#page.attribute(this.#i, "class") ?? "").split(/\s+/).includes(String(name)); }
    length() { return 1; }
  }

  class Attribute {
    constructor(owner, name, value) {
      this.owner_element = owner;
      this.name = name;
      this.value = value;
    }
    localName() { return this.name; }
    namespaceURI() { return ""; }
    prefix() { return ""; }
  }

  class Element {
    #page; #i; #all;
    static typeName = "Element";
    constructor(page, i, all = [i]) { this.#page = page; this.#i = i; this.#all = all; }
    static node(element) { return element.#i; }
    static page(element) { return element.#page; }
    #node() { return this.#page.node(this.#i); }
    #wrap(i) { return i === undefined ? undefined : element(this.#page, i); }
    #next(by) {
      const { parent } = this.#node();
      const all = parent === undefined ? [] : this.#page.node(parent).children;
      return all[all.indexOf(this.#i) + by];
    }
    #nextElement(by) { const all = this.#page.siblings(this.#i); return all[all.indexOf(this.#i) + by]; }
    nodeName() { const { type, name } = this.#node(); return { [TEXT]: "#text", [COMMENT]: "#comment", [DOCUMENT]: "#document" }[type] ?? name; }
    nodeType() { return this.#node().type; }
    nodeValue() { const { type, value } = this.#node(); return type === TEXT ? value : type === COMMENT ? "" : undefined; }
    textContent() { return this.#all.map((i) => this.#page.text(i)).join(""); }
    innerHTML() { return this.#page.inner(this.#i); }
    id() { return this.#page.attribute(this.#i, "id") ?? ""; }
    className() { return this.#page.attribute(this.#i, "class"); }
    classList() { return (this.className() ?? "").split(/\s+/).filter(Boolean); }
    lang() { return this.#page.attribute(this.#i, "lang"); }
    getAttribute(name) { return this.#page.attribute(this.#i, String(name)); }
    getAttributeNode(name) { return this.attributes()[name]; }
    hasAttribute(name) { return this.getAttribute(name) !== undefined; }
    hasAttributes() { return this.#node().attributes.length > 0; }
    attributes() { return Object.fromEntries(this.#node().attributes.map(([name, value]) => [name, new Attribute(this, name, value)])); }
    children() { return this.#page.elements(this.#i).map((i) => this.#wrap(i)); }
    childElementCount() { return this.#page.elements(this.#i).length; }
    childNodes() { return this.#node().children.map((i) => this.#wrap(i)); }
    hasChildNodes() { return this.#node().children.length > 0; }
    firstChild() { return this.#wrap(this.#node().children[0]); }
    lastChild() { return this.#wrap(this.#node().children.at(-1)); }
    firstElementChild() { return this.#wrap(this.#page.elements(this.#i)[0]); }
    lastElementChild() { return this.#wrap(this.#page.elements(this.#i).at(-1)); }
    nextSibling() { return this.#wrap(this.#next(1)); }
    previousSibling() { return this.#wrap(this.#next(-1)); }
    nextElementSibling() { return this.#wrap(this.#nextElement(1)); }
    previousElementSibling() { return this.#wrap(this.#nextElement(-1)); }
    parentNode() { return this.#wrap(this.#node().parent); }
    parentElement() { return this.#wrap(this.#page.ancestors(this.#i)[0]); }
    ownerDocument() { return this.#wrap(0); }
    querySelector(selector) {
      const all = this.#page.select(this.#i, selector);
      return all.length ? element(this.#page, all[0], all) : undefined;
    }
    querySelectorAll(selector) { return this.#page.select(this.#i, selector).map((i) => this.#wrap(i)); }
    getElementsByTagName(name) { return this.querySelectorAll(String(name).toLowerCase()); }
    getElementsByClassName(names) { return this.querySelectorAll(String(names).trim().split(/\s+/).map((name) => `.${name}`).join("")); }
    matches(selector) { return (this.#page.matching([this.#i], selector) ?? []).length > 0; }
    contains(other) { return other instanceof Element && other.#page === this.#page && this.#page.within(other.#i, this.#i); }
    isSameNode(other) { return other instanceof Element && other.#page === this.#page && other.#i === this.#i; }
    isEqualNode(other) {
      return other instanceof Element && own.htmlRender(this.#page.handle, this.#i, true) === own.htmlRender(other.#page.handle, other.#i, true);
    }
    isDefaultNamespace() { return true; }
    namespaceURI() { return "http://www.w3.org/1999/xhtml"; }
    selection() { return new Selection(this.#page, [this.#i]); }
    toString() {
      const { type, name } = this.#node();
      return type === ELEMENT ? "[object html.Node]" : type === DOCTYPE ? `[object ${name}]` : `[object ${this.nodeName()}]`;
    }
  }

  // Accessors of a kind of element, each a function of page and node.
  const text = (attribute, otherwise = "") => (page, i) => page.attribute(i, attribute) ?? otherwise;
  const flag = (attribute) => (page, i) => page.attribute(i, attribute) !== undefined;
  const whole = (attribute, otherwise = 0) => (page, i) => {
    const value = page.attribute(i, attribute);
    return /^-?\d+$/.test(value ?? "") ? Number(value) : value === undefined ? otherwise : 0;
  };
  const link = (attribute) => (page, i) => { const value = page.attribute(i, attribute); return value === undefined ? "" : page.resolve(value); };
  // Parts of an address as RFC 3986, appendix B, takes it apart; what has no authority and no path of its own is opaque.
  const part = (name) => (page, i) => {
    const found = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?/.exec(link("href")(page, i));
    const [, scheme = "", authority = "", path, query, hash] = found;
    const [host, credentials = ""] = authority.split("@").reverse(), [username, password = ""] = credentials.split(":");
    const [hostname, port = ""] = /:\d*$/.test(host) ? [host.replace(/:\d*$/, ""), host.replace(/^.*:/, "")] : [host];
    const isOpaque = scheme !== "" && authority === "" && !path.startsWith("/");
    return {
      hash: hash ? `#${hash}` : "", host, hostname, port, username, password, pathname: isOpaque ? "" : path,
      origin: scheme === "" ? "" : `${scheme}://${host}`, protocol: scheme === "" ? ":" : scheme, search: query ? `?${query}` : "",
    }[name];
  };
  const one = (list, otherwise) => (attribute) => (page, i) => { const value = page.attribute(i, attribute); return list.includes(value) ? value : otherwise; };
  const wrap = (page, i) => i === undefined ? undefined : element(page, i);
  const many = (selector) => (page, i) => page.select(i, selector).map((at) => element(page, at));
  const nearest = (name) => (page, i) => wrap(page, page.ancestors(i).find((at) => page.node(at).name === name));
  const form = (page, i) => {
    const id = page.attribute(i, "form");
    return id === undefined ? nearest("form")(page, i) : wrap(page, page.select(0, `form#${id}`)[0]);
  };
  const labels = (page, i) => {
    const id = page.attribute(i, "id"), around = page.ancestors(i).filter((at) => page.node(at).name === "label");
    return ordered([...around, ...(id ? page.select(0, `label[for="${id}"]`) : [])]).map((at) => element(page, at));
  };
  const texts = (...names) => Object.fromEntries(names.map((name) => [name, text(name.toLowerCase())]));
  const flags = (...names) => Object.fromEntries(names.map((name) => [name, flag(name.toLowerCase())]));
  const wholes = (...names) => Object.fromEntries(names.map((name) => [name, whole(name.toLowerCase())]));

  const ENCTYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
  const enctype = one(ENCTYPES, ENCTYPES[0]);
  const crossOrigin = (page, i) => { const value = page.attribute(i, "crossorigin"); return ["anonymous", "use-credentials"].includes(value) ? value : undefined; };
  const formOf = (page, i) => { const owner = form(page, i); return owner && Element.node(owner); };
  const inherited = (attribute, fallback, read) => (page, i) => {
    const value = page.attribute(i, attribute);
    if (value !== undefined) return read(value, page);
    const owner = formOf(page, i), inherits = owner === undefined ? undefined : page.attribute(owner, attribute.slice(4));
    return inherits === undefined ? fallback : read(inherits, page);
  };
  const submitting = {
    formAction: inherited("formaction", "", (value, page) => page.resolve(value)),
    formEnctype: inherited("formenctype", ENCTYPES[0], (value) => ENCTYPES.includes(value) ? value : ENCTYPES[0]),
    formMethod: inherited("formmethod", "get", (value) => value.toLowerCase() === "post" ? "post" : "get"),
    formNoValidate: flag("formnovalidate"), formTarget: inherited("formtarget", "", (value) => value),
  };
  const field = { ...texts("name"), ...flags("disabled", "autofocus"), form, labels, tabIndex: whole("tabindex") };
  const options = (page, i) => page.select(i, "option");
  const optionText = (page, i) => page.text(i);
  const anchor = {
    ...texts("accessKey", "hrefLang", "rel", "target", "type"), download: text("download"), referrerPolicy: text("referrerpolicy"), href: link("href"), text: optionText,
    relList: (page, i) => (page.attribute(i, "rel") ?? "").split(/\s+/).filter(Boolean), toString: link("href"),
    hash: part("hash"), host: part("host"), hostname: part("hostname"), origin: part("origin"), password: part("password"), pathname: part("pathname"),
    port: part("port"), protocol: part("protocol"), search: part("search"), username: part("username"),
  };
  const cell = {
    ...texts("abbr"), colSpan: whole("colspan", 1), rowSpan: whole("rowspan", 1), headers: text("headers"),
    cellIndex: (page, i) => page.siblings(i).filter((at) => ["td", "th"].includes(page.node(at).name)).indexOf(i),
  };
  const rows = many("tr");
  const first = (name) => (page, i) => wrap(page, page.elements(i).find((at) => page.node(at).name === name));
  const media = {
    ...flags("autoplay", "controls", "loop"), ...texts("mediaGroup", "preload"), crossOrigin, currentSrc: link("src"), src: link("src"), defaultMuted: flag("muted"), muted: flag("muted"), textTracks: many("track"),
  };
  const edit = texts("cite", "datetime");

  const kinds = {
    a: anchor, area: { ...anchor, alt: text("alt"), coords: text("coords"), shape: text("shape") },
    base: { href: link("href"), target: text("target") },
    link: { ...texts("hreflang", "media", "rel", "target", "type"), crossOrigin, href: link("href"), referrerPolicy: text("referrerpolicy"), relList: anchor.relList },
    form: {
      ...texts("name", "target"), acceptCharset: text("accept-charset"), action: link("action"), autocomplete: text("autocomplete", "on"), encoding: enctype("enctype"), enctype: enctype("enctype"),
      method: one(["post"], "get")("method"), noValidate: flag("novalidate"), elements: many("input,select,textarea,button,fieldset,object,output"),
      length: (page, i) => page.select(i, "input,select,textarea,button,fieldset,object,output").length,
    },
    input: {
      ...field, ...submitting, ...texts("accept", "accessKey", "alt", "dirName", "max", "min", "pattern", "placeholder", "step", "height", "width"), ...flags("checked", "multiple", "readonly", "required"),
      autocomplete: text("autocomplete", "on"), defaultChecked: flag("checked"), defaultValue: text("value"), value: text("value"), maxLength: whole("maxlength", -1), size: whole("size"), src: link("src"),
      type: (page, i) => { const type = page.attribute(i, "type"); return /^(text|button|checkbox|color|date|datetime-local|email|file|hidden|image|month|number|password|radio|range|reset|search|submit|tel|time|url|week|datetime)$/.test(type ?? "") ? type : "text"; },
      list: (page, i) => { const id = page.attribute(i, "list"); return id ? wrap(page, page.select(0, `datalist#${id}`)[0]) : undefined; },
    },
    button: { ...field, ...submitting, accessKey: text("accesskey"), type: one(["submit", "button", "menu", "reset"], "submit")("type"), value: (page, i) => page.attribute(i, "value") ?? page.text(i) },
    select: {
      ...field, ...flags("multiple", "required"), options: many("option"), selectedOptions: many("option[selected]"), length: (page, i) => options(page, i).length,
      selectedIndex: (page, i) => options(page, i).findIndex((at) => page.attribute(at, "selected") !== undefined),
      size: (page, i) => page.attribute(i, "multiple") === undefined ? 1 : 4, type: (page, i) => page.attribute(i, "multiple") === undefined ? "select" : "select-multiple",
      value: (page, i) => { const at = page.select(i, "option[selected]")[0]; return at === undefined ? "" : valueOf(page, at); },
    },
    option: {
      ...flags("disabled", "selected"), defaultSelected: flag("selected"), form, text: optionText, value: valueOf, label: (page, i) => page.attribute(i, "label") ?? page.text(i),
      index: (page, i) => { const owner = page.ancestors(i).find((at) => ["select", "datalist"].includes(page.node(at).name)); return owner === undefined ? 0 : options(page, owner).indexOf(i); },
    },
    textarea: {
      ...texts("accessKey", "placeholder"), ...flags("autofocus", "disabled", "readOnly", "required"), ...wholes("cols", "rows", "maxLength", "tabIndex"), autocapitalize: text("autocapitalize", "sentences"), form, labels,
      type: () => "textarea", value: text("value"), defaultValue: text("value"), length: (page, i) => (page.attribute(i, "value") ?? "").length, wrap: text("wrap", "soft"),
    },
    label: { form, htmlFor: text("for"), control: (page, i) => { const id = page.attribute(i, "for"); return wrap(page, id ? page.select(0, `#${id}`)[0] : page.select(i, ":input")[0]); } },
    fieldset: { ...texts("name"), disabled: flag("disabled"), form, elements: many("input,select,textarea,button,fieldset,object,output"), type: () => "fieldset", validity: () => undefined },
    legend: { accessKey: text("accesskey"), form }, optgroup: { disabled: flag("disabled"), label: text("label") }, datalist: { options: many("option") },
    output: { form, labels, name: text("name"), htmlFor: text("for"), defaultValue: optionText, value: optionText, type: () => "output" },
    keygen: { ...field, ...texts("challenge", "keytype"), type: () => "keygen" },
    meter: { ...wholes("high", "low", "max", "min", "optimum"), labels }, progress: { max: whole("max"), value: whole("value"), position: whole("position"), labels },
    img: { ...texts("alt", "name", "sizes", "srcset"), ...wholes("height", "width"), crossOrigin, currentSrc: link("src"), src: link("src"), isMap: flag("ismap"), useMap: text("usemap"), referrerPolicy: text("referrerpolicy") },
    script: { ...texts("charset", "crossOrigin", "type"), ...flags("async", "defer", "noModule"), src: link("src"), text: optionText },
    style: texts("media", "type"), title: { text: optionText }, meta: { ...texts("content", "name"), httpEquiv: text("http-equiv", "content-type") },
    table: { caption: first("caption"), rows, sortable: flag("sortable"), tBodies: many("tbody"), tFoot: first("tfoot"), tHead: first("thead") },
    thead: { rows }, tbody: { rows }, tfoot: { rows },
    tr: {
      cells: many("td,th"), rowIndex: (page, i) => { const table = page.ancestors(i).find((at) => page.node(at).name === "table"); return table === undefined ? -1 : page.select(table, "tr").indexOf(i); },
      sectionRowIndex: (page, i) => page.siblings(i).indexOf(i),
    },
    td: { ...cell }, th: { ...cell, scope: text("scope"), sorted: flag("sorted") },
    li: { type: text("type"), value: whole("value") }, ul: { type: text("type") }, ol: { ...texts("type"), reversed: flag("reversed"), start: whole("start", 1) }, pre: { value: text("value"), name: text("name") },
    param: texts("name", "value"), data: texts("value"), del: edit, ins: edit, time: { datetime: text("datetime") }, canvas: wholes("height", "width"),
    iframe: { ...texts("name", "height", "width"), allowfullscreen: flag("allowfullscreen"), referrerPolicy: text("referrerpolicy"), src: link("src") }, embed: { ...texts("height", "width", "type"), src: link("src") },
    object: { ...texts("name", "height", "width", "type"), data: link("data"), form, tabIndex: whole("tabindex"), typeMustMatch: flag("typemustmatch"), useMap: text("usemap") },
    map: { name: text("name"), areas: many("area"), images: (page, i) => page.select(0, `img[usemap="#${page.attribute(i, "name")}"]`).map((at) => element(page, at)) },
    audio: media, video: media, source: { ...texts("keySystem", "media", "sizes", "srcset", "type"), src: link("src") },
    track: { ...texts("kind", "label", "srclang"), default: flag("default"), src: link("src") },
    quote: { cite: text("cite") },
  };
  // Names of kinds where a tag's own would not do.
  const NAMES = { a: "Anchor", img: "Image", ul: "UList", ol: "OList", th: "TableHeaderCell", td: "TableDataCell", tr: "TableRow" };
  const classes = new Map();
  const classFor = (name) => {
    if (!Object.hasOwn(kinds, name)) return Element;
    if (!classes.has(name)) {
      const Typed = class extends Element { static typeName = `${NAMES[name] ?? name[0].toUpperCase() + name.slice(1)}Element`; };
      for (const [accessor, read] of Object.entries(kinds[name])) {
        Object.defineProperty(Typed.prototype, accessor, { value() { return read(Element.page(this), Element.node(this)); } });
      }
      classes.set(name, Typed);
    }
    return classes.get(name);
  };
  function element(page, i, all) {
    const { type, name } = page.node(i);
    return new (type === ELEMENT ? classFor(name) : Element)(page, i, all);
  }

  const parse = (text, url) => new Selection(new Page(text, url), [0]);
  const object = (given) => {
    if (given.length && (given[0] === null || given[0] === undefined)) throw new TypeError("Cannot convert undefined or null to object");
    return Object(given[0]);
  };
  const submission = (response, ...given) => {
    const { formSelector = "form", submitSelector = '[type="submit"]', fields = {}, params } = object(given);
    const forms = response.html(formSelector);
    if (!forms.size()) fail(`no form found for selector '${formSelector}' in response '${response.url}'`);
    const method = (forms.attr("method") ?? "GET").toUpperCase(), values = forms.serializeObject();
    const submit = forms.find(submitSelector).first();
    if (submit.attr("name")) values[submit.attr("name")] = submit.val();
    const sent = { ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Array.isArray(value) && method !== "GET" ? `[${value.join(" ")}]` : value])) };
    for (const [name, value] of Object.entries(fields)) sent[name] = value;
    const action = own.resolveUrl(response.url, forms.attr("action") ?? "");
    if (method !== "GET") return [method, action, sent, params];
    const query = own.urlencoded(Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, value === null || value === undefined ? "<nil>" : String(value)])));
    return ["GET", own.withQuery(action, query), null, params];
  };
  const target = (response, ...given) => {
    const { selector = "a[href]", params } = object(given);
    const found = response.html(selector);
    if (!found.size()) fail(`no element found for selector '${selector}' in response '${response.url}'`);
    const href = found.attr("href");
    if (href === undefined) fail(`no valid href attribute value found on element '${found.get(0).nodeName()}' in response '${response.url}'`);
    own.checkUrl(href);
    return ["GET", own.resolveUrl(response.url, href), null, params];
  };
  return { parse, submission, target };
})();
