// json(selector): paths, lists, queries, wildcards, escapes, modifiers - and what is not there.
import http from 'k6/http';
import { check } from 'k6';

const doc = { name: { first: 'Tom', last: 'A.B' }, age: 37, list: [1, 2, 3], 'a.b': 'dot', 'star*': 's', nul: null, t: true, e: [], o: {}, str: '5',
  fr: [{ f: 'D', a: 44, n: ['x', 'y'] }, { f: 'R', a: 68, n: ['z'] }, { f: 'J', a: 44, n: [] }], child: ['S', 'A', 'J'] };
const cases = {
  'name.first': 'Tom', name: doc.name, nope: undefined, 'name.nope': undefined, 'age.x': undefined, 'nul.x': undefined, nul: null, t: true, e: [], o: {}, str: '5',
  list: [1, 2, 3], 'list.0': 1, 'list.01': 2, 'list.9': undefined, 'list.-1': undefined, 'list.#': 3, 'e.#': 0, 'o.#': undefined, '#': undefined, 'list.#.x': [],
  'fr.#.f': ['D', 'R', 'J'], 'fr.#.n': [['x', 'y'], ['z'], []], 'fr.#.n.0': ['x', 'z'], 'fr.#.nope': [], 'fr.1.n.0': 'z',
  'fr.#(f=="R").a': 68, 'fr.#(f=="R")': doc.fr[1], 'fr.#(a==44)#.f': ['D', 'J'], 'fr.#(a==44)#': [doc.fr[0], doc.fr[2]], 'fr.#(a>45).f': 'R', 'fr.#(a>=44)#.f': ['D', 'R', 'J'],
  'fr.#(a>100).f': undefined, 'fr.#(a>100)#.f': [], 'fr.#(f!="D").a': 68, 'fr.#(f%"D*").a': 44, 'fr.#(f!%"D*").a': 68, 'list.#(>1)': 2, 'list.#(>1)#': [2, 3], 'child.#(=="A")': 'A',
  'nam*.first': 'Tom', 'na?e.first': 'Tom', '*.first': 'Tom', 'a\\.b': 'dot', 'a.b': undefined, 'star\\*': 's',
  'list|@reverse': [3, 2, 1], 'list.@reverse': [3, 2, 1], 'list.@this': [1, 2, 3], 'fr.#.n|@flatten': ['x', 'y', 'z'],
  'name|first': 'Tom', 'fr.#.f|0': 'D', '{name.first,age}': { first: 'Tom', age: 37 }, '[name.first,age]': ['Tom', 37],
  '': undefined, '.': undefined, 'name.': undefined, '.name': undefined, '..#': 1,
};
// Objects come with their keys in any order.
const flat = (v) => (v && typeof v === 'object' && !Array.isArray(v) ? `{${Object.keys(v).sort().map((k) => k + flat(v[k]))}}` : Array.isArray(v) ? `[${v.map(flat)}]` : String(v) + typeof v);

export default function () {
  const res = http.get(`${__ENV.BASE}/echo`);
  res.body = JSON.stringify(doc);
  for (const sel of Object.keys(cases)) check(res.json(sel), { [`"${sel}"`]: (v) => flat(v) === flat(cases[sel]) });
  check(res, { 'null and undefined select nothing': (r) => r.json(null) === undefined && r.json(undefined) === undefined && flat(r.json()) === flat(doc) });
  res.body = '[{"a":1},{"a":2}]';
  check(res, { 'of a list': (r) => flat([r.json('#'), r.json('#.a'), r.json('1.a')]) === flat([2, [1, 2], 2]) });
}
