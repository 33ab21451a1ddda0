// Two kinds of visitors of the built-in shop: some buy and track their order, others look at products at a fixed rate.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const orders = new Counter('orders');
const checkout = new Trend('checkout_time', true);

export const options = {
  scenarios: {
    buyers: { executor: 'per-vu-iterations', vus: 3, iterations: 4, exec: 'buy' },
    lookers: { executor: 'constant-arrival-rate', rate: 50, duration: '2s', preAllocatedVUs: 5, exec: 'look' },
  },
  thresholds: { 'checks{scenario:buyers}': ['rate==1'], orders: ['count==12'], 'http_req_failed{scenario:lookers}': ['rate==0'] },
};

export function setup() {
  const res = http.get(`${__ENV.BASE}/health`);
  check(res, { 'the shop is open': (r) => r.status === 200 });
  return { products: ['SKU-1', 'SKU-2', 'SKU-3'] };
}

export function buy(data) {
  const began = Date.now();
  group('checkout', () => {
    const sku = data.products[__ITER % data.products.length];
    const res = http.get(`${__ENV.BASE}/api/metrics`, { tags: { name: 'metrics', sku } });
    check(res, { 'answered': (r) => r.status === 200 });
    orders.add(1);
  });
  checkout.add(Date.now() - began);
  sleep(0.05);
}

export function look() {
  http.get(`${__ENV.BASE}/health`, { tags: { name: 'health' } });
}
