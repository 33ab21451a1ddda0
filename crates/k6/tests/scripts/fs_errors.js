// k6/experimental/fs: names and messages of errors of open, read and seek.
import { open, SeekMode } from 'k6/experimental/fs';
import { check } from 'k6';
const fails = async (f) => { try { await f(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
let error;
try { await open('./nope.txt'); } catch (e) { error = e; }
const file = await open('./text.txt');
const folder = file.path.replace(/\/text.txt$/, '');
const opened = [await fails(() => open('./nope.txt')), await fails(() => open('.')), await fails(() => open('')), await fails(() => open(null)), await fails(() => open()), await fails(() => open(5)), await fails(() => open(`file://${file.path}`))];
export default async function () {
  const late = await fails(() => open('./text.txt'));
  const seek = {};
  for (const args of [[-1, 0], [99, 0], [1, 2], [-99, 1], [0, 3], [null, 0], ['1', 0], [1.5, 0], [0], [0, 'x']]) seek[JSON.stringify(args)] = await fails(() => file.seek(...args));
  const read = [];
  for (const into of [null, undefined, 'x', [1], new ArrayBuffer(2), new Uint16Array(2)]) read.push(await fails(() => file.read(into)));
  check(opened, {
    'missing': (o) => o[0] === `NotFoundError: no such file or directory "${folder}/nope.txt"`,
    'the error is no Error': () => !(error instanceof Error) && Object.keys(error).join() === 'name,message,error' && String(error) === opened[0],
    'a folder': (o) => o[1] === `InvalidResourceError: cannot open "${folder}": opening a directory is not supported`,
    'empty': (o) => o[2] === 'TypeError: open() failed; reason: path cannot be empty',
    'nothing': (o) => o[3] === 'TypeError: open() failed; reason: path cannot be null or undefined' && o[4] === o[3],
    'a number': (o) => o[5] === `NotFoundError: no such file or directory "${folder}/5"`,
    'file scheme': (o) => o[6] === 'none',
    'outside init': () => late === 'ForbiddenError: open() failed; reason: opening a file is allowed only in the Init context',
    'seek before the start': () => seek['[-1,0]'] === 'TypeError: offset cannot be negative when using SeekModeStart' && seek['[-99,1]'] === 'TypeError: seeking before start of file',
    'seek beyond the end': () => seek['[99,0]'] === 'TypeError: seeking beyond end of file' && seek['[1,2]'] === 'TypeError: offset cannot be positive when using SeekModeEnd',
    'mode': () => seek['[0,3]'] === 'TypeError: seek() failed; reason: the whence argument must be a SeekMode' && seek['[0]'] === 'TypeError: seek() failed; reason: the whence argument cannot be null or undefined' && seek['[0,"x"]'] === 'TypeError: seek() failed; reason: the whence argument must be a number',
    'offset': () => seek['[null,0]'] === 'TypeError: seek() failed; reason: the offset argument cannot be null or undefined' && seek['["1",0]'] === 'TypeError: seek() failed; reason: the offset argument must be a number' && seek['[1.5,0]'] === seek['["1",0]'],
    'read into nothing': () => read[0] === 'TypeError: read() failed; reason: into argument cannot be null or undefined' && read[1] === read[0],
    'read into something else': () => read.slice(2).every((r) => r === 'TypeError: read() failed; reason: into argument must be a Uint8Array'),
  });
}
