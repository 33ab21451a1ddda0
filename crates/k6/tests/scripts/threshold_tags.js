// Thresholds on sub-metrics: several tags, spaces, quotes, colons, wildcards that are none; crossed ones would fail the run.
import { check, group } from 'k6';
import { Counter } from 'k6/metrics';

const hits = new Counter('hits');
export const options = {
  thresholds: {
    'hits{t:a b}': ['count==2'], 'hits{t:x*}': ['count==1'], 'hits{t:a:b}': ['count==1'], 'hits{u:http://x/y?z=1}': ['count==1'], 'hits{none:1}': ['count==0'],
    'hits{a:1,b:2}': ['count==1'], 'hits{a:1,a:2}': ['count==0'], 'hits{t:"q"}': ['count==1'],
    'checks{of:them}': ['rate==1'], 'hits{n:5}': ['count==1'], 'hits{n:true}': ['count==1'], 'hits{group:::g}': ['count==1'], 'hits{group:::g::h i}': ['count==1'], 'hits{v:a}': ['count==1'], hits: ['count==16'],
  },
};

export default function () {
  for (const t of ['a b', 'a b', 'x*', 'xy', 'a:b', 'q', '"q"', '*']) hits.add(1, { t });
  for (const b of ['2', '3']) hits.add(1, { a: '1', b });
  hits.add(1, { u: 'http://x/y?z=1' });
  hits.add(1, { n: 5 });
  hits.add(1, { n: true });
  hits.add(1, { v: 'a' });
  group('g', () => { hits.add(1); group('h i', () => hits.add(1)); });
  for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) check(null, { [name]: () => true }, { of: 'them' });
}
