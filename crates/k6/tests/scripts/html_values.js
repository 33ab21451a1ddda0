// val() and data(): the value of each kind of field, and data attributes converted.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export default function () {
  const doc = http.get(`${__ENV.BASE}/page`).html();
  const val = (sel) => doc.find(sel).val();
  check(doc, {
    'val of inputs': () => val('[name=user]') === 'anna' && val('[name=secret]') === '' && val('[name=news]') === 'yes' && val('[name=off]') === 'never',
    'val of the first of many': () => val('[name=size]') === 's' && val('option') === 'r',
    'val of selects': () => val('[name=colour]') === 'g' && same(val('[name=days]'), ['mon', 'wed']),
    'val of textarea and button': () => val('textarea') === 'a note' && val('button') === 'Other',
    'no val': () => val('h1') === undefined && val('nope') === undefined && val('form') === undefined,
    'data numbers and words': () => doc.find('h1').data('level') === 1 && doc.find('h1').data('kind-of') === 'head' && doc.find('h1').data('kindOf') === 'head',
    'data json': () => doc.find('.three').data('json').a[1] === 2,
    'data of the first': () => doc.find('li').data('number') === 1 && same(doc.find('li').data(), { number: 1 }),
    'data object': () => same(Object.entries(doc.find('h1').data()).sort(), [['kindOf', 'head'], ['level', 1]]),
    'no data': () => doc.find('h1').data('nope') === undefined && doc.find('h1').data('nope', 'd') === undefined && doc.find('nope').data() === undefined,
  });
  const odd = parseHTML(`<select id="s"><option value="a">A<option>B</select><select id="s2"><option value="a" selected>A<option selected value="b">B</select>
    <select multiple id="m"><option value="1">x</select><select id="e"></select><textarea id="t" value="v"></textarea><textarea id="t2"> x </textarea>
    <input id="i"><input id="c" type="checkbox"><button id="b">bt</button><p id="p" value="pv">p</p><ul><li id="l" value="3">l</ul>
    <div data-a="1.5" data-b-c="true" data-n="null" data-bad="{x}" data-e="" data-big="12345678901234567890" data-lead="007" data-exp="1e3" data-neg="-2" data-sp=" 1" data-CamelCase="cc" data-list="[1]"></div>`);
  const vals = { s: '', s2: 'a', m: [], e: '', t: '', t2: ' x ', i: '', c: 'on' };
  for (const id of Object.keys(vals)) check(odd.find('#' + id).val(), { [`val of #${id}`]: (v) => same(v, vals[id]) });
  check(odd, { 'no val of other elements': (d) => d.find('#p').val() === undefined && d.find('#l').val() === undefined });
  const data = { a: 1.5, 'b-c': true, bC: true, n: undefined, bad: '{x}', e: undefined, big: '12345678901234567890', lead: '007', exp: '1e3', neg: -2, sp: ' 1', camelcase: 'cc', camelCase: undefined, list: [1] };
  for (const name of Object.keys(data)) check(odd.find('div').data(name), { [`data ${name}`]: (v) => same(v, data[name]) });
}
