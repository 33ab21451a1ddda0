// k6/experimental/csv Parser: next() row after row, what it gives at the end, objects, a file shared by two parsers.
import { open } from 'k6/experimental/fs';
import csv, { Parser } from 'k6/experimental/csv';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const options = { iterations: 2 };
const parser = new Parser(await open('./data.csv'), { skipFirstLine: true, toLine: 2 });
const objects = new csv.Parser(await open('./data.csv'), { asObjects: true });
const semicolon = new csv.Parser(await open('./semicolon.csv'), { delimiter: ';' });
const ragged = new csv.Parser(await open('./ragged.csv'));
const file = await open('./data.csv');
const first = new csv.Parser(file);
const second = new csv.Parser(file);
const fails = async (f) => { try { return JSON.stringify(await f()); } catch (e) { return `${e}`; } };
export default async function () {
  if (__ITER === 1) {
    const late = await parser.next();
    const construct = await fails(() => new csv.Parser(file));
    check(late, { 'still at the end in the next iteration': (r) => same(r, { done: true, value: [] }), 'constructed outside init': () => construct === 'GoError: csv Parser constructor must be called in the init context' });
    return;
  }
  const results = [await parser.next(), await parser.next(), await parser.next(), await parser.next()];
  const object = await objects.next();
  const split = await semicolon.next();
  const shared = [await fails(() => first.next()), await fails(() => second.next())];
  const bad = [await fails(() => ragged.next()), await fails(() => ragged.next()), await fails(() => ragged.next()), await fails(() => ragged.next())];
  check(results, {
    'rows': (r) => same(r.slice(0, 2), [{ done: false, value: ['1', 'Ann', 'Brno, CZ'] }, { done: false, value: ['2', 'B "q"', ''] }]),
    'the end': (r) => same(r[2], { done: true, value: [] }) && same(r[3], r[2]),
    'keys': (r) => Object.keys(r[0]).join() === 'done,value' && Array.isArray(r[0].value),
    'as object': () => object.done === false && object.value.name === 'Ann' && object.value.city === 'Brno, CZ',
    'delimiter': () => same(split.value, ['a', 'b', 'c']),
    'the first parser takes the whole file': () => shared[0] === '{"done":false,"value":["id","name","city"]}' && shared[1] === '{"done":true,"value":[]}',
    'a bad row rejects': () => bad[1] === 'record on line 2: wrong number of fields',
    'and is skipped': () => bad[2] === '{"done":false,"value":["4","5"]}' && bad[3] === '{"done":true,"value":[]}',
    'no iterator': () => parser[Symbol.iterator] === undefined && Object.keys(parser).join() === 'next',
  });
}
