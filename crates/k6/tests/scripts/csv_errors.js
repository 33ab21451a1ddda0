// k6/experimental/csv: wrong arguments and options; parse rejects with Go errors, Parser throws GoError.
import { open } from 'k6/experimental/fs';
import csv from 'k6/experimental/csv';
import { check } from 'k6';
const fails = async (f) => { try { await f(); return ['none']; } catch (e) { return [String(e), e instanceof Error]; } };
const both = async (options) => {
  const file = await open('./data.csv');
  return [await fails(() => csv.parse(file, options)), await fails(() => new csv.Parser(file, options))];
};
const cases = [
  [{ fromLine: 2, toLine: 2 }, 'fromLine must be less than or equal to toLine', true],
  [{ delimiter: ';;' }, 'delimiter must be a single character', true],
  [{ fromLine: -1 }, "the 'fromLine' option must be greater than or equal to 0; got -1"],
  [{ toLine: -1 }, "the 'toLine' option must be greater than or equal to 0; got -1"],
  [{ fromLine: 99 }, 'failed to skip lines until line 99; reason: EOF'],
  [{ asObjects: true, skipFirstLine: true }, "the 'header' option cannot be enabled when 'skipFirstLine' is true"],
  [{ asObjects: true, fromLine: 1 }, "the 'header' option cannot be enabled when 'fromLine' is set to a value greater than 0"],
];
const got = [];
for (const [options] of cases) got.push(await both(options));
const sources = [await fails(() => csv.parse('x')), await fails(() => csv.parse({})), await fails(() => new csv.Parser()), await fails(() => new csv.Parser(null)), await fails(() => new csv.Parser('x')), await fails(() => new csv.Parser({}))];
export default function () {
  cases.forEach(([, message, early], i) => {
    const parse = early ? 'failed to interpret the provided Parser options; reason: ' : 'failed to create a new parser; reason: ';
    const parser = early ? 'GoError: encountered an error while interpreting Parser options; reason: ' : 'GoError: failed to create a new parser; reason: ';
    check(got[i], {
      'parse': ([p]) => p[0] === parse + message && p[1] === false,
      'Parser': ([, p]) => p[0] === parser + message && p[1] === true,
    });
  });
  check(sources, {
    'parse of no file': (s) => s[0][0] === 'first argument expected to be a fs.File instance, got sobek.asciiString instead' && s[1][0] === 'failed to create a new parser; reason: the reader cannot be nil',
    'Parser of nothing': (s) => s[2][0] === 'GoError: csv Parser constructor takes at least one non-nil source argument' && s[3][0] === s[2][0],
    'Parser of no file': (s) => s[4][0] === 'GoError: first argument expected to be a fs.File instance, got sobek.asciiString instead' && s[5][0] === 'GoError: failed to create a new parser; reason: the reader cannot be nil',
  });
}
