const own = globalThis.__plimsoll;

// One copy for all users, as JSON by element; whoever asks for an element gets a copy of its own.
export class SharedArray {
  constructor(name, fill) {
    if (own.stage() !== "init") throw new Error("new SharedArray must be called in the init context");
    if (name === undefined || name === "") throw new Error("empty name provided to SharedArray's constructor");
    if (typeof fill !== "function") throw new TypeError("a function is expected as the second argument of SharedArray's constructor");
    name = String(name);
    const length = own.sharedArray(name, () => {
      const list = fill();
      if (!Array.isArray(list)) throw new TypeError("only arrays can be made into SharedArray");
      return list.map((one) => JSON.stringify(one) ?? "null");
    });
    return shared(name, length);
  }
}

// A list that all users share, by its name.
export function shared(name, length) {
  const index = (key) => typeof key === "string" && /^\d+$/.test(key) ? Number(key) : -1;
  const element = (at) => at >= 0 && at < length ? Object.freeze(JSON.parse(own.sharedElement(name, at))) : undefined;
  const refuse = () => { throw new TypeError("SharedArray is immutable"); };
  return new Proxy([], {
    get: (target, key, receiver) => {
      if (key === "length") return length;
      const at = index(key);
      return at >= 0 ? element(at) : Reflect.get(target, key, receiver);
    },
    has: (target, key) => index(key) >= 0 ? index(key) < length : key in target,
    ownKeys: () => [...Array.from({ length }, (_, at) => String(at)), "length"],
    getOwnPropertyDescriptor: (target, key) => key === "length" ? { value: 0, writable: true, enumerable: false, configurable: false } : { value: element(index(key)), enumerable: true, configurable: true, writable: false },
    set: refuse, deleteProperty: refuse, defineProperty: refuse,
  });
}
export default { SharedArray };
