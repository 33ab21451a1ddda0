// Elements (of get(i) and each): nodes, attributes and the ways to the next ones.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export default function () {
  const doc = http.get(`${__ENV.BASE}/page`).html();
  const el = (sel) => doc.find(sel).get(0);
  check(el('#top'), {
    node: (e) => same([e.nodeName(), e.nodeType(), e.nodeValue(), e.id(), e.innerHTML(), e.textContent()], ['h1', 1, undefined, 'top', 'Things', 'Things']),
    'absent class and lang': (e) => e.className() === undefined && same(e.classList(), []) && e.lang() === undefined && el('html').id() === '',
    getAttribute: (e) => e.getAttribute('id') === 'top' && e.getAttribute('nope') === undefined && e.getAttribute('ID') === undefined,
    hasAttribute: (e) => e.hasAttribute('id') && !e.hasAttribute('nope') && e.hasAttributes(),
    attributes: (e) => same(Object.keys(e.attributes()).sort(), ['data-kind-of', 'data-level', 'id']) && e.attributes().id.value === 'top',
    getAttributeNode: (e) => e.getAttributeNode('id').name === 'id' && e.getAttributeNode('id').localName() === 'id' && e.getAttributeNode('no') === undefined,
    'first and last child': (e) => e.firstChild().nodeName() === '#text' && e.firstElementChild() === undefined && e.lastChild().nodeValue() === 'Things',
    siblings: (e) => e.nextSibling().nodeValue() === '\n' && e.nextElementSibling().nodeName() === 'p' && e.previousElementSibling() === undefined,
    parents: (e) => e.parentNode().nodeName() === 'body' && e.parentElement().parentElement().nodeName() === 'html' && el('html').parentElement() === undefined,
    document: (e) => e.ownerDocument().nodeName() === '#document' && e.ownerDocument().nodeType() === 9 && doc.get(0).children().length === 1,
    toString: (e) => e.toString() === '[object html.Node]' && String(e.firstChild()) === '[object #text]' && `${e.ownerDocument()}` === '[object #document]',
    namespace: (e) => e.namespaceURI() === 'http://www.w3.org/1999/xhtml' && e.isDefaultNamespace() === true && JSON.stringify(e) === '{}',
    'no text, html, value': (e) => same([typeof e.text, typeof e.html, typeof e.value, typeof e.hasClass], Array(4).fill('undefined')),
    counts: () => el('body').childElementCount() === 11 && el('body').childNodes().length === 22 && el('html').lang() === 'en',
    classes: () => same(el('li.two').classList(), ['item', 'two']) && el('body').className() === 'front page',
  });
  const d = parseHTML('<div id="a"><p id="b">x<!-- n --></p><p id="c" class=" q  r q ">y</p></div><div id="d">z</div>');
  const a = d.find('#a').get(0), b = d.find('#b').get(0), c = d.find('#c').get(0);
  const ids = (list) => list.map((e) => e.id()).join();
  check(a, {
    children: () => ids(a.children()) === 'b,c' && a.lastElementChild().id() === 'c' && c.previousElementSibling().id() === 'b' && a.nextElementSibling().id() === 'd',
    comment: () => same([b.childNodes()[1].nodeName(), b.childNodes()[1].nodeType(), b.childNodes()[1].nodeValue(), b.textContent()], ['#comment', 8, '', 'x']),
    'class list as written': () => same(c.classList(), ['q', 'r', 'q']) && c.className() === ' q  r q ',
    querySelector: () => a.querySelector('p').id() === 'b' && a.querySelector('nope') === undefined && a.querySelector('p[') === undefined,
    'querySelector of several: text of all': () => a.querySelector('p').textContent() === 'xy' && a.querySelector('p').innerHTML() === 'x<!-- n -->',
    querySelectorAll: () => ids(a.querySelectorAll('p')) === 'b,c' && same(a.querySelectorAll('nope'), []) && a.querySelectorAll('p')[1].textContent() === 'y',
    getElements: () => ids(a.getElementsByTagName('P')) === 'b,c' && ids(a.getElementsByClassName('r')) === 'c',
    matches: () => c.matches('.r') && !c.matches('div') && a.contains(b) && !b.contains(a) && !a.contains('p'),
    'same in the same tree only': () => b.isSameNode(a.firstChild()) && !b.isSameNode(c) && a.isEqualNode(a) && !a.isEqualNode(b),
    selection: () => b.selection().next().attr('id') === 'c',
  });
}
