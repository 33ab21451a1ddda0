const own = globalThis.__plimsoll;

const make = (kind) => class {
  #number;
  constructor(name, isTime) {
    this.name = String(name);
    this.#number = own.metric(kind, this.name, isTime === true);
  }
  add(value, tags) {
    own.add(this.#number, typeof value === "boolean" ? Number(value) : Number(value), tags);
    return true;
  }
};

export class Counter extends make("Counter") {}
export class Gauge extends make("Gauge") {}
export class Rate extends make("Rate") {
  add(value, tags) { return super.add(value ? 1 : 0, tags); }
}
export class Trend extends make("Trend") {}
export default { Counter, Gauge, Rate, Trend };
