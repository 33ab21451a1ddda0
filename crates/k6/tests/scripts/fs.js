// k6/experimental/fs: open, stat, read into a Uint8Array up to null at the end, seek; each open has its own position.
import { open, SeekMode } from 'k6/experimental/fs';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const file = await open('./text.txt'); // "Hello, žluť!", 14 bytes
const other = await open('text.txt');
const text = (bytes) => String.fromCharCode(...bytes);
export default async function () {
  const info = await file.stat();
  const buffer = new Uint8Array(5);
  const reads = [];
  for (let i = 0; i < 5; i += 1) reads.push([await file.read(buffer), text(buffer)]);
  const seeks = [await file.seek(0, SeekMode.Start), await file.read(buffer), await file.seek(-2, SeekMode.Current), await file.seek(0, SeekMode.End), await file.read(buffer), await file.seek(-3, SeekMode.End), await file.seek(14, 0), await file.read(buffer)];
  const own = [await other.read(buffer), text(buffer)];
  await file.seek(0, SeekMode.Start);
  const none = await file.read(new Uint8Array(0));
  const whole = new Uint8Array(20).fill(46);
  const part = [await file.read(whole.subarray(2, 5)), text(whole)];
  await file.seek(0, SeekMode.Start);
  const exact = [await file.read(new Uint8Array(14)), await file.read(new Uint8Array(14)), await file.read(new Uint8Array(0))];
  await file.seek(0, SeekMode.Start);
  const together = await Promise.all([file.stat(), file.seek(2, SeekMode.Start)]);
  check(reads, {
    'stat': () => same(info, { name: 'text.txt', size: 14 }),
    'read': (r) => same(r[0], [5, 'Hello']) && same(r[1], [5, ', Å¾l']),
    'the last read leaves the rest of the buffer': (r) => same(r[2], [4, 'uÅ¥!l']),
    'null at the end': (r) => same(r[3], [null, 'uÅ¥!l']) && same(r[4], r[3]),
    'modes': () => Object.keys(SeekMode).sort().map((k) => `${k} ${SeekMode[k]}`).join() === 'Current 1,End 2,Start 0',
    'seek; from the end means from the last byte': () => same(seeks, [0, 5, 3, 13, 1, 10, 14, null]),
    'own position': () => same(own, [5, 'Hello']),
    'an empty buffer': () => none === 0 && exact[2] === null,
    'a view is filled with its whole buffer': () => same(part, [14, 'Hello, Å¾luÅ¥!......']),
    'exactly the size': () => exact[0] === 14 && exact[1] === null,
    'together': () => together[0].size === 14 && together[1] === 2,
    'path is absolute': () => file.path[0] === '/' && file.path.endsWith('/text.txt') && file.path === other.path,
    'keys': () => Object.keys(file).sort().join() === 'path,read,seek,stat' && JSON.stringify(file) === `{"path":"${file.path}"}`,
  });
}
