// Used by require_commonjs.js: module.exports is replaced by a function.
exports.lost = 1;
module.exports = (x) => x * 2;
module.exports.extra = 'e';
module.exports.cjs = require('./lib_cjs.js');
