// The four types of metrics, with tags and thresholds on parts of them.
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const orders = new Counter('orders'), level = new Gauge('level'), won = new Rate('won'), size = new Trend('size'), wait = new Trend('wait', true);
export const options = {
  iterations: 10,
  thresholds: {
    orders: ['count==15', 'count>10'], level: ['value>=9'], won: ['rate==0.5'], size: ['avg==5.5', 'min==1', 'max==10', 'med==5.5', 'p(90)<9.2'],
    'orders{kind:big}': ['count==10'], 'orders{kind:none}': ['count<1'], 'size{odd:true}': ['max==9'],
  },
};
export default function () {
  const n = __ITER + 1;
  orders.add(1, { kind: 'big' });
  if (n % 2) orders.add(1, { kind: 'small' });
  level.add(n);
  won.add(n % 2 === 0);
  size.add(n, { odd: String(n % 2 === 1) });
  wait.add(12.5);
}
