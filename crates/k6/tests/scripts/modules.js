// Modules of the script's own, and JSON by open().
import { twice, label } from './lib/numbers.js';
import { check } from 'k6';
export const options = { iterations: 1 };
const text = open('./people.json');
export default function () {
  check(twice(21), { 'a function from a module': (n) => n === 42 });
  check(label, { 'what a module takes from another': (l) => l === 'n=2' });
  check(JSON.parse(text).people, { 'a file': (p) => p.length === 3 });
}
