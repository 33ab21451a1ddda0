// require: k6 modules and local files with exports and module.exports, mixed with import; import.meta.resolve.
import http from 'k6/http';
import { check } from 'k6';
import lib, { a } from './lib/lib_cjs.js';
import * as all from './lib/lib_cjs.js';
import double from './lib/lib_cjs_function.js';
import wasModule, { named } from './lib/lib_cjs_default.js';

const thrown = (f) => { try { return typeof f(); } catch (e) { return `${e.name}: ${e.message}`; } };
const required = require('./lib/lib_cjs.js'), requiredDouble = require('./lib/lib_cjs_function.js'), requiredWas = require('./lib/lib_cjs_default.js');
const k6 = require('k6'), k6http = require('k6/http');
const errors = ['./nope.js', 'k6/nope', 'nope', '', null].map((name) => thrown(() => require(name)));
const types = [typeof require, typeof __dirname, typeof __filename];

export default function () {
  check(null, {
    'k6 modules': () => typeof k6.check === 'function' && k6http === http && k6http.get === http.get && k6http.default === undefined && Object.keys(k6).sort().join() === 'check,fail,group,randomSeed,sleep',
    exports: () => required.a === 1 && lib === required && a === 1 && all.a === 1,
    'inside the module': () => lib.same && lib.module === 'exports' && lib.inner === 'function' && lib.dirname === 'undefined' && lib.filename === 'undefined',
    'module.exports': () => requiredDouble(4) === 8 && double === requiredDouble && double.extra === 'e' && double.lost === undefined,
    'loaded once': () => double.cjs === lib && lib.loads === 1,
    __esModule: () => wasModule === 'd' && named === 'n' && requiredWas.default === 'd',
    'in the script': () => types.join() === 'function,undefined,undefined',
    'no such file': () => errors[0].startsWith('GoError: The moduleSpecifier "./nope.js" couldn\'t be found on local disk.'),
    'no such module': () => errors[1] === 'GoError: unknown module: k6/nope' && errors[2] === 'GoError: The moduleSpecifier "nope" couldn\'t be recognised as something k6 supports.',
    'no name': () => errors[3] === "GoError: require() can't be used with an empty specifier" && errors[4] === errors[3],
    'only in the init stage': () => thrown(() => require('k6')).startsWith('GoError: the "require" function is only available in the init stage (i.e. the global scope)'),
    'resolve beside': () => import.meta.resolve('./x.js').startsWith('file:///') && import.meta.resolve('./x.js').endsWith('/x.js'),
    'resolve above': () => import.meta.resolve('../y') === import.meta.resolve('./x.js').replace(/[^/]*\/x\.js$/, 'y'),
    'resolve whole ones': () => import.meta.resolve('/abs') === 'file:///abs' && import.meta.resolve('https://e.com/a') === 'https://e.com/a' && import.meta.resolve('file:///z') === 'file:///z',
    'resolve escapes': () => import.meta.resolve('./a \u00e9.js').endsWith('/a%20%C3%A9.js'),
    'resolve bare': () => thrown(() => import.meta.resolve('k6/http')) === 'GoError: The moduleSpecifier "k6/http" couldn\'t be recognised as something k6 supports.',
    'resolve nothing': () => thrown(() => import.meta.resolve('')) === "GoError: require() can't be used with an empty specifier",
  });
}
