// Selections: what find() accepts, and what text, html, attr, val and data answer - also for nothing found.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const thrown = (f) => { try { f(); return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export default function () {
  const res = http.get(`${__ENV.BASE}/page`);
  const doc = res.html();
  const texts = {
    '.item.two': 'Two', '[data-number="2"]': 'Two', 'UL LI': 'OneTwoThree', 'li:first-child': 'One', 'li:last-child': 'Three',
    'li:nth-child(2n+1)': 'OneThree', 'li:not(.two)': 'OneThree', 'p:has(b)': 'Some bold words.', 'li + li': 'TwoThree',
    'b, h1': 'Thingsbold', '[class$=three]': 'Three', '[class~=two]': 'Two', '[class^=intro]': 'Some bold words.More words.',
    'li:contains("Tw")': 'Two', 'tr > td:first-child': 'antbee', 'nope': '', 'li:eq(1)': '', 'li[': '', '': '',
  };
  for (const sel of Object.keys(texts)) check(doc.find(sel), { [`text of "${sel}"`]: (s) => s.text() === texts[sel] });
  check(doc, {
    sizes: (d) => same(['li', 'nope', '*', '[class!=item]', ':input', 'input:checked', ':root', 'option:checked'].map((s) => d.find(s).size()), [3, 0, 51, 51, 15, 2, 1, 3]),
    'html(selector) is find': () => res.html('li').size() === 3 && res.html('').size() === 0 && res.html().size() === 1 && doc.url === res.url,
    'html of the first': (d) => d.find('p').html() === 'Some <b>bold</b> words.' && d.find('nope').html() === '',
    'html escapes quotes by number': (d) => d.find('.three').parent().html().includes('data-json="{&#34;a&#34;:[1,2]}">'),
    'find in a selection': (d) => d.find('ul').find('.two').text() === 'Two' && d.find('li').find('li').size() === 0,
    'find a selection': (d) => d.find(d.find('li')).size() === 3,
    'attr of the first': (d) => d.find('li').attr('class') === 'item one' && d.find('input[name=agree]').attr('checked') === '',
    'attr missing': (d) => d.find('h1').attr('nope') === undefined && d.find('h1').attr('ID') === undefined && d.find('nope').attr('id') === undefined,
    'attr default': (d) => d.find('h1').attr('nope', 'd') === 'd' && d.find('h1').attr('id', 'd') === 'top' && d.find('h1').attr('nope', 5) === 5,
    'nothing is not a selector': (d) => thrown(() => d.find()) === "GoError: invalid argument, cannot use a '<nil>' as a selector",
    'a number is not a selector': (d) => thrown(() => d.find(5)) === "GoError: invalid argument, cannot use a 'int64' as a selector",
    'an element is not a selector': (d) => thrown(() => d.find(d.find('li').get(0))).endsWith("cannot use a 'html.LiElement' as a selector"),
    'selection as a value': (d) => String(d) === '[object Object]' && JSON.stringify(d) === `{"url":"${res.url}"}` && d.length === undefined,
  });
  check(parseHTML('<p>a &amp; "b" &gt;<br>c'), {
    'a document is made': (d) => d.html() === '<html><head></head><body><p>a &amp; &#34;b&#34; &gt;<br/>c</p></body></html>' && d.url === '',
    'text unescaped': (d) => d.text() === 'a & "b" >c',
    'parse of nothing': () => parseHTML().html() === '<html><head></head><body></body></html>' && parseHTML(5).text() === '5',
  });
}
