// serialize, serializeArray and serializeObject of forms: only input, select and textarea; what is left out.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (o) => Object.keys(o).sort().map((k) => [k, o[k]]);

export default function () {
  const doc = http.get(`${__ENV.BASE}/page`).html();
  check(doc.find('#form'), {
    serialize: (f) => f.serialize() === 'colour=g&days=mon&days=wed&note=a+note&off=never&secret=&token=abc&user=anna',
    serializeArray: (f) => same(f.serializeArray(), [{ name: 'token', value: 'abc' }, { name: 'user', value: 'anna' }, { name: 'secret', value: '' },
      { name: 'colour', value: 'g' }, { name: 'days', value: ['mon', 'wed'] }, { name: 'note', value: 'a note' }, { name: 'off', value: 'never' }]),
    serializeObject: (f) => same(sorted(f.serializeObject()), [['colour', 'g'], ['days', ['mon', 'wed']], ['note', 'a note'], ['off', 'never'], ['secret', ''], ['token', 'abc'], ['user', 'anna']]),
  });
  check(doc, {
    'the other form': (d) => d.find('#search').serialize() === 'q=boats',
    'all forms at once': (d) => d.find('form').serialize().includes('&off=never&q=boats&secret=') && d.find('form').serializeArray().length === 8,
    'fields by themselves': (d) => d.find('select').serialize() === 'colour=g&days=mon&days=wed' && d.find('textarea').serialize() === 'note=a+note',
    'buttons and others are nothing': (d) => d.find('button').serialize() === '' && d.find('p').serialize() === '' && d.serialize() === '',
    'none found': (d) => same([d.find('nope').serialize(), d.find('nope').serializeArray(), d.find('nope').serializeObject()], ['', [], {}]),
  });
  const odd = parseHTML(`<form><input name="a" value="1"><input name="a" value="2"><input value="noname"><input name="sp c" value="x y&amp;z=\u00e9">
    <input name="f" type="file"><input type="image" name="im" value="iv"><input type="reset" name="re" value="rv"><input type="button" name="bu" value="bv">
    <input type="checkbox" name="c1" checked><input type="radio" name="r1" checked><select name="s"><option>A</select><select name="sd" disabled><option selected>x</select>
    <select name="m0" multiple><option>q</select><textarea name="t">l1\nl2</textarea><fieldset disabled><input name="fd" value="1"></fieldset><input name="none"></form>`).find('form');
  check(odd, {
    'the last of a name is kept': (f) => f.serialize() === 'a=2&fd=1&none=&s=&sd=x&sp+c=x+y%26z%3D%C3%A9&t=l1%0Al2',
    'both are in the array': (f) => same(f.serializeArray().map((x) => x.name), ['a', 'a', 'sp c', 's', 'sd', 'm0', 't', 'fd', 'none']),
    'object of odd fields': (f) => f.serializeObject().a === '2' && same(f.serializeObject().m0, []) && f.serializeObject().s === '',
  });
}
