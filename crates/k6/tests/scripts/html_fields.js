// Typed accessors of form, input, button, select, option, textarea and label elements.
import http from 'k6/http';
import { check } from 'k6';
import { parseHTML } from 'k6/html';

const all = (e, names) => names.split(' ').map((n) => e[n]()).join('|');

export default function () {
  const doc = http.get(`${__ENV.BASE}/page`).html();
  const el = (sel, i = 0) => doc.find(sel).get(i);
  check(doc, {
    form: () => all(el('#form'), 'action method name enctype encoding length noValidate autocomplete') === `${__ENV.BASE}/echo/submitted|post||application/x-www-form-urlencoded|application/x-www-form-urlencoded|13|false|on`,
    'form defaults': () => all(el('#search'), 'action method length target acceptCharset') === `${__ENV.BASE}/echo/found|get|2||`,
    'elements of a form': () => el('#form').elements().map((e) => e.nodeName()).join() === 'input,input,input,input,input,input,input,select,select,textarea,input,input,button',
    input: () => all(el('[name=user]'), 'name type value defaultValue checked disabled readonly required multiple size maxLength tabIndex') === 'user|text|anna|anna|false|false|false|false|false|0|-1|0',
    'input default type': () => el('#search input').type() === 'text' && el('[name=token]').type() === 'hidden' && el('[name=news]').checked() === false,
    'checked and disabled': () => el('[name=agree]').checked() && el('[name=agree]').defaultChecked() && el('[name=size]', 1).checked() && el('[name=off]').disabled(),
    'form of an input': () => all(el('[name=user]'), 'formAction formMethod formEnctype formTarget') === `${__ENV.BASE}/echo/submitted|post|application/x-www-form-urlencoded|` && el('[name=user]').form().id() === 'form',
    select: () => all(el('[name=colour]'), 'name type value length selectedIndex size multiple') === 'colour|select|g|2|1|1|false',
    'multiple select': () => all(el('[name=days]'), 'type value length selectedIndex size multiple') === 'select-multiple|mon|3|0|4|true' && el('[name=days]').selectedOptions().map((o) => o.text()).join() === 'mon,wed',
    option: () => all(el('[name=colour]').options()[1], 'value text label index selected defaultSelected disabled') === 'g|Green|Green|1|true|true|false',
    button: () => all(el('button'), 'name type value disabled formMethod') === 'other|submit|Other|false|post',
    'textarea has no value': () => all(el('textarea'), 'type value defaultValue length rows cols maxLength wrap autocapitalize') === 'textarea|||0|0|0|0|soft|sentences' && el('textarea').name === undefined,
  });
  const odd = parseHTML(`<form id="f"><input id="i1"><input id="i2" type="checkbox" checked><input id="i3" type="CHECKBOX"><input id="i4" type="bogus" maxlength="5" size="9" readonly tabindex="3" width="7" src="s.png" list="l" formmethod="put" formaction="/fa">
    <datalist id="l"><option><option></datalist><button id="b">x</button><button id="b2" type="bogus"></button><label for="i1" id="lb">L</label><label>w<input id="i5"></label></form>
    <form id="p" method="POST" action="go" enctype="multipart/form-data" name="fn" novalidate></form><form id="q" method="put"></form><input id="o" form="p"><select id="s"><option>A<option value="b" label="lbl" disabled>B</select>`);
  const o = (id) => odd.find('#' + id).get(0);
  check(odd, {
    'odd types': () => all(o('i3'), 'type') === 'text' && o('i4').type() === 'text' && o('b').type() === 'submit' && o('b2').type() === 'submit',
    'odd values': () => o('i2').value() === '' && o('i1').value() === '' && o('b').value() === 'x' && o('b').name() === '',
    'input attributes': () => all(o('i4'), 'maxLength size readonly tabIndex width src formMethod formAction') === '5|9|true|3|7|s.png|get|/fa' && o('i4').list().options().length === 2,
    'method must be lower case': () => all(o('p'), 'method action enctype name noValidate') === 'get|go|multipart/form-data|fn|true' && o('q').method() === 'get' && all(o('o'), 'formMethod formAction') === 'post|go',
    labels: () => o('i1').labels()[0].textContent() === 'L' && o('i5').labels().length === 1 && o('lb').htmlFor() === 'i1' && o('lb').control().id() === 'i1',
    'nothing selected': () => all(o('s'), 'selectedIndex value') === '-1|' && o('s').form() === undefined && all(o('s').options()[1], 'value text label index disabled') === 'b|B|lbl|1|true' && o('s').options()[0].value() === 'A',
  });
}
