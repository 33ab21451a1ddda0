// Used by require_commonjs.js: it says it was an ES module once.
exports.__esModule = true;
exports.default = 'd';
exports.named = 'n';
