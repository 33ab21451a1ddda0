// A request with JSON, a group, three checks, tags and a trend of its own.
import http from 'k6/http';
import { check, group } from 'k6';
import { Trend } from 'k6/metrics';
const waiting = new Trend('time_waiting', true);
export default function () {
  group('checkout', () => {
    const res = http.post(__ENV.URL, JSON.stringify({ user: __VU, items: [{ sku: 'a-1', quantity: 2 }, { sku: 'b-2', quantity: 1 }], total: 42.5 }), {
      headers: { 'Content-Type': 'application/json' }, tags: { name: 'checkout' },
    });
    const order = JSON.parse('{"order_id":"1","success":true,"items":[1,2,3]}');
    check(res, { 'status is 200': (r) => r.status === 200, 'has a body': (r) => r.body.length > 10, 'is an order': () => order.success && order.items.length === 3 });
    waiting.add(res.timings.waiting, { kind: 'checkout' });
  });
}
