// Groups inside groups, with checks in each and values that come out of them.
import { check, group } from 'k6';
export const options = { iterations: 3 };
export default function () {
  const value = group('outer', () => {
    check(1, { 'in outer': (n) => n === 1 });
    return group('inner', () => { check(2, { 'in inner': (n) => n === 2 }); return 42; });
  });
  check(value, { 'groups return values': (v) => v === 42 });
}
