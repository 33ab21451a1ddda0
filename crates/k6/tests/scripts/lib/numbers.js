import { two } from './two.js';
export const twice = (n) => n * two;
export const label = `n=${two}`;
