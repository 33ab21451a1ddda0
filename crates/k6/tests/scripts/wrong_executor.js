export const options = { scenarios: { a: { executor: 'fastest-possible' } } };
export default function () {}
