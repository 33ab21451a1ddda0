// Blob of k6/experimental/websockets: size, type, text, arrayBuffer, bytes, slice, parts of all kinds and errors.
import { Blob } from 'k6/experimental/websockets';
import { check } from 'k6';
const error = (f) => { try { f(); return 'none'; } catch (e) { return e.name === 'GoError' ? e.message : String(e); } };
export default async function () {
  const blob = new Blob(['abc', new Uint8Array([100]), new Uint16Array([1]), new Uint8Array([101, 102]).buffer, new DataView(new Uint8Array([103]).buffer)], { type: 'Text/Plain' });
  const text = await blob.text();
  const buffer = await blob.arrayBuffer();
  const bytes = await blob.bytes();
  const part = blob.slice(1, 3);
  const slices = [await part.text(), await blob.slice(6, -1).text(), await blob.slice(6).text(), (await blob.slice().text()).length];
  const views = [await new Blob([new Uint8Array([65, 66, 67]).subarray(1)]).text(), (await new Blob([new Int8Array([-1])]).bytes()).join(), (await new Blob([new Float64Array([1])]).bytes()).join()];
  check(blob, {
    'size': (b) => b.size === 9 && new Blob(['žluť']).size === 6 && new Blob().size === 0 && new Blob([]).size === 0,
    'type is kept as it is': (b) => b.type === 'Text/Plain' && new Blob([]).type === '' && new Blob([], { type: 5 }).type === '5',
    'text': () => text === 'abcd\u0001\u0000efg',
    'arrayBuffer': () => buffer instanceof ArrayBuffer && new Uint8Array(buffer).join() === '97,98,99,100,1,0,101,102,103',
    'bytes': () => bytes instanceof Uint8Array && bytes.join() === '97,98,99,100,1,0,101,102,103',
    'slice': () => slices.join() === 'bc,ef,efg,9' && part.size === 2,
    'type of a slice': (b) => part.type === '' && b.slice(0, 1, 'x/y').type === 'x/y',
    'parts of views': () => views[0] === 'BC' && views[1] === '255' && views[2] === '0,0,0,0,0,0,240,63',
    'keys': (b) => Object.keys(b).join() === 'size,type,arrayBuffer,bytes,slice,text,stream',
    'as string and JSON': (b) => String(b) === '[object Blob]' && JSON.stringify(b) === '{"size":9,"type":"Text/Plain"}',
    'read-only': (b) => error(() => { b.size = 1; }) === "TypeError: Cannot assign to read only property 'size'",
    'parts must be an array': () => error(() => new Blob('x')) === 'failed to process [blobParts]: could not convert x to []interface {}',
    'a number': () => error(() => new Blob([5])) === 'failed to process [blobParts]: unsupported type: int64',
    'null': () => error(() => new Blob([null])) === 'failed to process [blobParts]: unsupported type: <nil>',
    'an object': () => error(() => new Blob([{}])) === 'failed to process [blobParts]: unsupported type: map[string]interface {}',
    'options': () => error(() => new Blob([], 'x')) === '[options] must be an object',
  });
}
