// k6/experimental/csv parse: a SharedArray of rows; options of which lines to take, delimiter, objects.
import { open } from 'k6/experimental/fs';
import csv from 'k6/experimental/csv';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const file = await open('./data.csv');
const rows = await csv.parse(file, {});
const again = await csv.parse(file); // the file was read to its end
const parse = async (options, name = './data.csv') => csv.parse(await open(name), options);
const ids = async (options) => (await parse(options)).map((row) => row[0]).join();
const taken = [await ids({ skipFirstLine: true }), await ids({ fromLine: 0 }), await ids({ fromLine: 2 }), await ids({ toLine: 0 }), await ids({ toLine: 2 }),
  await ids({ fromLine: 1, toLine: 2 }), await ids({ skipFirstLine: true, fromLine: 2 }), await ids({ skipFirstLine: true, toLine: 2 }), await ids({ unknown: 1 })];
const objects = await parse({ asObjects: true });
const fewer = await parse({ asObjects: true, toLine: 2 });
const semicolon = await parse({ delimiter: ';' }, './semicolon.csv');
const error = (f) => { try { f(); return 'none'; } catch (e) { return String(e); } };
export default function () {
  check(rows, {
    'rows are arrays of strings': (r) => same(Array.from(r), [['id', 'name', 'city'], ['1', 'Ann', 'Brno, CZ'], ['2', 'B "q"', ''], ['3', 'Cid', 'two\nlines'], ['4', 'Žofie', 'Ústí']]),
    'like an array': (r) => r.length === 5 && Array.isArray(r) && r.at(-1)[1] === 'Žofie' && r.map((x) => x.length).join() === '3,3,3,3,3',
    'immutable': (r) => error(() => { r[0] = 1; }) === 'TypeError: SharedArray is immutable' && Object.isFrozen(r[0]),
    'a file is read only once': () => again.length === 0,
    'skipFirstLine': () => taken[0] === '1,2,3,4',
    'fromLine counts from 0': () => taken[1] === 'id,1,2,3,4' && taken[2] === '2,3,4',
    'toLine is included, 0 is no limit': () => taken[3] === 'id,1,2,3,4' && taken[4] === 'id,1,2',
    'combined': () => taken[5] === '1,2' && taken[6] === '2,3,4' && taken[7] === '1,2',
    'unknown option': () => taken[8] === 'id,1,2,3,4',
    'asObjects': () => objects.length === 4 && objects[0].city === 'Brno, CZ' && Object.keys(objects[1]).sort().join() === 'city,id,name',
    'asObjects with toLine': () => fewer.map((o) => o.id).join() === '1,2',
    'delimiter': () => same(Array.from(semicolon), [['a', 'b', 'c'], ['1', '2,5', 'x;y']]),
  });
}
