// Typed accessors of img, script, table, list, title and meta elements.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const all = (e, names) => names.split(' ').map((n) => e[n]()).join('|');

export default function () {
  const doc = http.get(`${__ENV.BASE}/page`).html();
  const el = (sel) => doc.find(sel).get(0);
  check(doc, {
    img: () => all(el('img'), 'alt src currentSrc width height name isMap useMap') === `One|${__ENV.BASE}/pictures/one.png|${__ENV.BASE}/pictures/one.png|20|0||false|` && el('img').crossOrigin() === undefined,
    script: () => all(el('script'), 'src async defer type text charset noModule crossOrigin') === `${__ENV.BASE}/app.js|true|false||||false|`,
    title: () => el('title').text() === 'A page',
    'meta without http-equiv': () => all(el('meta'), 'name content httpEquiv') === 'csrf|token-1|content-type',
    table: () => el('table').rows().length === 3 && el('table').tBodies().length === 1 && el('table').tHead().nodeName() === 'thead' && el('table').tFoot() === undefined && el('table').caption() === undefined,
    'table parts': () => el('tbody').rows().length === 2 && el('thead').rows().length === 1 && el('table').sortable() === false,
    row: () => all(el('tbody tr:last-child'), 'rowIndex sectionRowIndex') === '2|1' && el('tbody tr').cells().map((c) => c.textContent()).join() === 'ant,1',
    cells: () => all(el('th:last-child'), 'cellIndex colSpan rowSpan headers scope abbr sorted') === '1|1|1||||false' && el('td').cellIndex() === 0 && el('td').scope === undefined,
    li: () => el('li').value() === 0 && el('li').type() === '' && el('ul').type() === '',
  });
  const odd = parseHTML(`<img id="m1" src="x.png" width="abc" height="3px" ismap usemap="#m" crossorigin="bogus"><img id="m2" crossorigin="use-credentials" srcset="ss" name="nm">
    <table id="t"><caption>cap</caption><tr><td id="td" colspan="2" rowspan="3" headers="h">a</td><th id="th" scope="col" abbr="ab">b</th></tr><tfoot><tr><td>f</td></tr></tfoot></table>
    <ul><li id="l" value="5" type="a">1</ul><ol id="o" reversed start="3" type="A"><li>x</ol>`);
  const o = (id) => odd.find('#' + id).get(0);
  check(odd, {
    'odd img': () => all(o('m1'), 'src width height isMap useMap') === 'x.png|0|0|true|#m' && o('m1').crossOrigin() === undefined && all(o('m2'), 'crossOrigin srcset name src') === 'use-credentials|ss|nm|',
    'caption and foot': () => o('t').caption().textContent() === 'cap' && o('t').tFoot().textContent() === 'f' && o('t').rows().length === 2 && o('t').tHead() === undefined,
    spans: () => all(o('td'), 'colSpan rowSpan headers cellIndex') === '2|3|h|0' && all(o('th'), 'scope abbr cellIndex') === 'col|ab|1',
    lists: () => all(o('l'), 'value type') === '5|a' && all(o('o'), 'reversed start type') === 'true|3|A',
  });
}
