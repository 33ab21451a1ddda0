// counts depend on time
// Arrivals at a rate, and those that find nobody.
import { sleep } from 'k6';
export const options = { scenarios: { steady: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '2s', preAllocatedVUs: 5, maxVUs: 5 } } };
export default function () { sleep(0.01); }
