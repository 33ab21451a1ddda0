// Without a setup there is nothing to run.
export const options = { iterations: 3 };
export function setup() { throw new Error('no setup'); }
export default function () {}
