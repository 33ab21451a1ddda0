// Used by require_commonjs.js: a CommonJS module.
exports.a = 1;
exports.dirname = typeof __dirname;
exports.filename = typeof __filename;
exports.module = Object.keys(module).join();
exports.same = module.exports === exports && this === exports;
exports.inner = typeof require;
exports.loads = (globalThis.loads = (globalThis.loads || 0) + 1);
