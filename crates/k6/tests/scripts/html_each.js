// each is given elements, map and toArray give selections, and what their callbacks return.
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const doc = parseHTML('<p id="b">x</p><p id="c">y</p>');
const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export default function () {
  const p = doc.find('p');
  const seen = [];
  const back = p.each(function (i, e) { seen.push([i, e.id(), typeof e.text, arguments.length]); return false; });
  check(null, {
    'each gives elements, and is not stopped': () => same(seen, [[0, 'b', 'undefined', 2], [1, 'c', 'undefined', 2]]),
    'each returns the selection': () => back.size() === 2,
    'map gives selections': () => same(p.map((i, e) => i + e.attr('id') + e.text() + typeof e.nodeName), ['0bxundefined', '1cyundefined']),
    'map of nulls': () => p.map(() => null)[0] === null && p.map(() => undefined)[0] === undefined && p.map(() => undefined).length === 2,
    'map does not flatten': () => same(p.map((i) => [i, i]), [[0, 0], [1, 1]]) && Array.isArray(p.map((i) => i)),
    'map of objects': () => p.map((i) => ({ a: i }))[1].a === 1,
    'map of a failing function is empty': () => same(p.map(() => { throw new Error('boom'); }), []),
    'map of nothing found': () => same(doc.find('nope').map(() => 1), []) && same(doc.find('nope').toArray(), []),
    'toArray gives selections': () => p.toArray().length === 2 && p.toArray()[1].text() === 'y' && p.toArray()[0].get(0).id() === 'b',
    'each needs a function': () => thrown(() => p.each('x')) === 'GoError: the argument to each() must be a function',
    'map needs a function': () => thrown(() => p.map()) === 'GoError: the argument to map() must be a function',
    'a failing each': () => thrown(() => p.each(() => { throw new Error('boom'); })).startsWith('GoError: the function passed to each() failed: Error: boom at '),
    'filter: attr answers value and whether': () => same(p.filter((i, e) => e.attr('id')[0] === 'c' && e.attr('id')[1] === true).text(), 'y'),
  });
}
