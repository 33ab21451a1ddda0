// The script cannot be read.
throw new Error('from init');
export default function () {}
