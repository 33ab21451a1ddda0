// http.file makes a form of many parts; its boundary is masked here.
import http from 'k6/http';
import { check } from 'k6';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const E = `${__ENV.BASE}/echo`;
const mask = (s) => s.replace(/[0-9a-f]{60}/g, 'B').split('\r\n').join('|');
const body = (b) => mask(http.post(E, b).json('body'));
const part = (head, text) => `--B|Content-Disposition: form-data; ${head}||${text}|`;

export default function () {
  check(http.file('data', 'name.txt', 'text/plain'), {
    'fields of a file': (f) => JSON.stringify(f) === '{"data":"data","filename":"name.txt","content_type":"text/plain"}',
    'type unless said': () => http.file('d', 'n').content_type === 'application/octet-stream',
    'name unless said is a time': () => /^\d{19}$/.test(http.file('d').filename),
    'a buffer is kept': () => http.file(new ArrayBuffer(2), 'n').data instanceof ArrayBuffer,
    'not of other types': () => thrown(() => http.file(5)) === 'GoError: invalid type int64, expected string or ArrayBuffer' && thrown(() => http.file()).includes('type <nil>') && thrown(() => http.file(new Uint8Array(1))).includes('type []uint8'),
  });
  check(http.post(E, { f: http.file('data', 'name.txt', 'text/plain') }), {
    type: (r) => mask(r.json('headers.content-type')) === 'multipart/form-data; boundary=B' && r.request.headers['Content-Type'][0] === r.json('headers.content-type'),
    body: (r) => mask(r.json('body')) === '--B|Content-Disposition: form-data; name="f"; filename="name.txt"|Content-Type: text/plain||data|--B--|',
    'the same boundary': (r) => r.json('body').includes(r.json('headers.content-type').split('boundary=')[1]) && r.request.body === r.json('body') && r.json('body_bytes') === 227,
  });
  const more = body({ f: http.file('d', 'n'), a: '1', n: 5, l: [1, 2], o: { x: 1 }, nul: null, t: true });
  const parts = { a: '1', n: '5', l: '[1 2]', o: 'map[x:1]', nul: '<nil>', t: 'true' };
  for (const name of Object.keys(parts)) check(more, { [`field ${name}`]: (b) => b.includes(part(`name="${name}"`, parts[name])) });
  check(null, {
    'the end': () => more.endsWith('|--B--|') && more.split('--B|').length === 8,
    'file names are escaped, their keys are not': () => body({ 'k"y': http.file('d', 'na"me\\.txt', 'x/y') }).includes('name="k"y"; filename="na\\"me\\\\.txt"|Content-Type: x/y||d|'),
    'keys of others are escaped': () => body({ f: http.file('d', 'n'), 'k"y': 'v' }).includes('name="k\\"y"||v|'),
    'a buffer': () => body({ f: http.file(new Uint8Array([65, 66]).buffer, 'n') }).includes('application/octet-stream||AB|'),
    'empty ones': () => body({ f: http.file('', '', '') }) === '--B|Content-Disposition: form-data; name="f"; filename=""|Content-Type: |||--B--|',
    'in a list it is no file': () => body({ f: [http.file('d', 'n')] }) === 'f=%26%7Bd+n+application%2Foctet-stream%7D',
    'type by hand is kept': () => http.post(E, { f: http.file('d', 'n') }, { headers: { 'Content-Type': 'x/y' } }).json('headers.content-type') === 'x/y',
  });
}
