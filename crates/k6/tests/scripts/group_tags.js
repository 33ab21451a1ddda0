// Groups: what they return and throw, their names as tags, and tags of the VU set by hand.
import exec from 'k6/execution';
import { check, group } from 'k6';

export const options = { tags: { run: 'tag v' }, thresholds: { 'checks{group:::outer}': ['rate==1'], 'checks{group:::outer::in ner}': ['rate==1'] } };
const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };

export default function () {
  const t = exec.vu.metrics.tags;
  const now = () => exec.vu.tags.group;
  group('outer', () => {
    check(now(), { 'group as a tag': (g) => g === '::outer' && t.group === '::outer' });
    group('in ner', () => check(now(), { 'nested group': (g) => g === '::outer::in ner' }));
    check(now(), { 'back in the outer': (g) => g === '::outer' });
  });
  const noCallback = 'GoError: group() requires a callback as a second argument';
  check(null, {
    'no group outside': () => now() === '',
    returns: () => group('g', () => 5) === 5 && group('g', () => {}) === undefined && group('g', () => group('h', now)) === '::g::h',
    'names of other types': () => group(5, now) === '::5' && group('', now) === '' && group(null, now) === '' && group(undefined, now) === '',
    'no arguments for the function': () => group('g', function () { return arguments.length; }) === 0,
    'needs a function': () => thrown(() => group('g')) === noCallback && thrown(() => group('g', 5)) === noCallback && thrown(() => group()) === noCallback,
    'no colons in names': () => thrown(() => group('a::b', () => 1)) === "GoError: group and check names may not contain '::'",
    'not async': () => thrown(() => group('g', async () => 1)).startsWith('GoError: group() does not support async functions as arguments'),
    'errors pass, the group is left': () => thrown(() => group('g', () => { throw new Error('boom'); })) === 'Error: boom' && now() === '',
    'tags of the VU': () => JSON.stringify(Object.entries(t).sort()) === '[["group",""],["run","tag v"],["scenario","default"]]',
  });
  t.mine = 'a b'; t.num = 5; t.yes = true;
  check(t, {
    'set tags are text': () => t.mine === 'a b' && t.num === '5' && t.yes === 'true' && t.nope === undefined,
    'same as vu.tags': () => exec.vu.tags.mine === 'a b' && Object.keys(t).sort().join() === 'group,mine,num,run,scenario,yes',
    'only plain values': () => [null, undefined, {}, [1]].every((v) => thrown(() => { t.bad = v; }) === "TypeError: invalid value for metric tag 'bad': only String, Boolean and Number types are accepted as a metric tag values") && t.bad === undefined,
    'as json': () => JSON.parse(JSON.stringify(t)).num === '5',
  });
  delete t.mine;
  check(t, { delete: () => t.mine === undefined && !Object.keys(t).includes('mine') });
  delete t.num; delete t.yes;
}
