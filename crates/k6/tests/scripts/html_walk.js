// Walking the tree: next, prev, parents, siblings, children, contents, closest, and the Until kinds.
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const doc = parseHTML(`<div id="r"><p class="a">1</p>t1<p class="b">2</p><!--c--><p class="a c">3</p><span id="s">4 <em>5</em> 6</span><p class="d">7</p></div>
<div id="z"><p class="a">8</p></div>`);
const names = (s) => s.map((i, e) => e.get(0).nodeName()).join();

export default function () {
  const p = doc.find('p'), b = doc.find('.b'), d = doc.find('.d'), em = doc.find('em'), r = doc.find('#r');
  const texts = {
    next: [p.next(), '234 5 6'], 'next with a selector': [p.next('span'), '4 5 6'], 'next with a selection is nothing': [p.next(d), ''],
    nextAll: [b.nextAll(), '34 5 67'], 'nextAll with a selector': [b.nextAll('.d'), '7'],
    nextUntil: [b.nextUntil('span'), '3'], 'nextUntil nothing': [b.nextUntil(), '34 5 67'], 'nextUntil a selection': [b.nextUntil(d), '34 5 6'],
    'nextUntil filtered': [b.nextUntil('.d', 'span'), '4 5 6'], prev: [d.prev(), '4 5 6'], 'prev with a selector': [d.prev('p'), ''],
    'prevAll goes backwards': [d.prevAll(), '4 5 6321'], 'prevAll with a selector': [d.prevAll('.a'), '31'], prevUntil: [d.prevUntil('.b'), '4 5 63'],
    'prevUntil filtered': [d.prevUntil('.b', 'p'), '3'], siblings: [b.siblings(), '134 5 67'], 'siblings with a selector': [b.siblings('.a'), '13'],
    children: [r.children(), '1234 5 67'], 'children with a selector': [r.children('.a'), '13'], contents: [r.contents(), '1t1234 5 67'],
    'a number is no selector here': [p.children(5).add(p.next(5)).add(p.siblings(5)), ''],
  };
  for (const k of Object.keys(texts)) check(texts[k][0], { [k]: (s) => s.text() === texts[k][1] });
  check(null, {
    parent: () => em.parent().attr('id') === 's' && em.parent('div').size() === 0 && p.parent().size() === 2,
    parents: () => names(em.parents()) === 'span,div,body,html' && em.parents('div').size() === 1,
    parentsUntil: () => names(em.parentsUntil('body')) === 'span,div' && names(em.parentsUntil()) === 'span,div,body,html',
    'parentsUntil filtered': () => names(em.parentsUntil('body', 'div')) === 'div',
    closest: () => em.closest('div').attr('id') === 'r' && em.closest('em').size() === 1 && em.closest('nope').size() === 0 && em.closest(r).size() === 1,
    'contents has text and comments': () => names(r.contents()) === 'p,#text,p,#comment,p,span,p',
    'no parent of html': () => doc.find('html').parent().size() === 0 && names(doc.children()) === 'html',
    'from nothing': () => doc.find('nope').next().size() === 0 && doc.find('nope').first().html() === '',
  });
}
