// Picking of a selection: first, last, eq, get, slice, end, is, not, has, filter, index, add.
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const doc = parseHTML('<div id="r"><p class="a">1</p>t1<p class="b">2</p><p class="a c">3</p><span>4 <em>5</em></span><p class="d">7</p></div><div id="z"><p class="a">8</p></div>');
const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };

export default function () {
  const p = doc.find('p'), div = doc.find('div'), b = doc.find('.b');
  const texts = {
    first: [p.first(), '1'], last: [p.last(), '8'], eq: [p.eq(1), '2'], 'eq from the end': [p.eq(-1), '8'], 'eq too far': [p.eq(99), ''],
    'eq of a string': [p.eq('1'), '2'], 'eq of nothing': [p.eq(), '1'], slice: [p.slice(1), '2378'], 'slice to': [p.slice(1, 3), '23'], 'slice negative': [p.slice(-3, -1), '37'],
    'filter by selector': [p.filter('.a'), '138'], 'filter by function': [p.filter((i) => i % 2 === 0), '138'], 'filter by selection': [p.filter(b), '2'],
    'filter by what is true-like': [p.filter(() => 'x'), '12378'], 'filter callback has text()': [p.filter((i, e) => e.text() === '2'), '2'],
    not: [p.not('.a'), '27'], 'not a selection': [p.not(b), '1378'], 'not an element': [p.not(b.get(0)), '1378'], 'not by function': [p.not((i) => i === 0), '2378'],
    end: [p.first().end(), '12378'], 'add joins': [b.add('.d'), '27'], 'add a selection': [b.add(doc.find('em')), '25'], 'broken selector': [p.not('li['), '12378'],
  };
  for (const k of Object.keys(texts)) check(texts[k][0], { [k]: (s) => s.text() === texts[k][1] });
  check(null, {
    has: () => div.has('em').attr('id') === 'r' && div.has('.a').size() === 2 && div.has(doc.find('em')).size() === 1 && p.has('em').size() === 0,
    is: () => p.is('.d') && !p.is('em') && p.is(b) && p.is((i) => i === 1) && !p.is('li['),
    get: () => p.get(1).textContent() === '2' && p.get(-1).textContent() === '8' && p.get(99) === undefined && p.get('1').textContent() === '2',
    'get all': () => Array.isArray(p.get()) && p.get().length === 5 && p.get()[4].textContent() === '8',
    index: () => p.index() === 0 && doc.find('.d').index() === 4 && doc.find('.d').index('p') === 3 && p.index(b) === 1 && p.index(b.get(0)) === 1,
    'index of none': () => p.index('nope') === -1 && p.index(5) === -1 && doc.find('nope').index() === -1 && p.index(doc.find('em')) === -1,
    'end of the start': () => doc.end().size() === 0 && doc.find('div').find('p').end().attr('id') === 'r',
    'is needs a selector': () => thrown(() => p.is(5)) === 'GoError: the argument to is() must be a function, a selector or a selection',
    'filter needs a selector': () => thrown(() => p.filter(b.get(0))) === 'GoError: the argument to filter() must be a function, a selector or a selection',
    'not needs a selector': () => thrown(() => p.not(5)) === "GoError: invalid argument, cannot use a 'int64' as a selector",
    'has needs a selector': () => thrown(() => p.has()) === "GoError: invalid argument, cannot use a '<nil>' as a selector",
    'errors of a filter pass through': () => thrown(() => p.filter(() => { throw new Error('boom'); })) === 'Error: boom',
  });
}
