// Base64 in its four forms.
import encoding from 'k6/encoding';
import { b64decode } from 'k6/encoding';
import { check } from 'k6';
export const options = { iterations: 1 };
export default function () {
  check(encoding, {
    'std': (e) => e.b64encode('hello?>') === 'aGVsbG8/Pg==',
    'rawstd': (e) => e.b64encode('hello?>', 'rawstd') === 'aGVsbG8/Pg',
    'url': (e) => e.b64encode('hello?>', 'url') === 'aGVsbG8_Pg==',
    'rawurl': (e) => e.b64encode('hello?>', 'rawurl') === 'aGVsbG8_Pg',
    'and back': () => b64decode('aGVsbG8/Pg==', 'std', 's') === 'hello?>',
    'bytes': () => new Uint8Array(b64decode('aGk=', 'std')).join() === '104,105',
  });
}
