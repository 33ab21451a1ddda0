// One list for all users, read only.
import { SharedArray } from 'k6/data';
import { check } from 'k6';
const people = new SharedArray('people', () => JSON.parse(open('./people.json')).people);
export const options = { vus: 3, iterations: 6 };
export default function () {
  const one = people[__ITER % people.length];
  check(people, { 'three': (p) => p.length === 3, 'maps': (p) => p.map((x) => x.name).join() === 'Ada,Bo,Cy' });
  check(one, { 'an element': (o) => typeof o.name === 'string' });
  let refused = false;
  try { people[0] = 1; } catch (e) { refused = true; }
  check(refused, { 'nobody changes it': (r) => r });
}
