// Batches of a thousand events with identities of their own, made as cheaply as a script can: what is the same in every batch is text
// that is made once, and only the digits that count are put in between. `million.yaml` is the same plan. RATE asks for so many batches
// a second; without it USERS go as fast as they are answered.
import exec from 'k6/execution';
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18310';
const SIZE = 1000;
const RATE = Number(__ENV.RATE || 0);
const USERS = Number(__ENV.USERS || 8);
const duration = __ENV.FOR || '10s';

const eventsSent = new Counter('events_sent');

export const options = {
  discardResponseBodies: false,
  scenarios: {
    apps: RATE
      ? { executor: 'constant-arrival-rate', rate: RATE, duration, preAllocatedVUs: USERS, maxVUs: 64 }
      : { executor: 'constant-vus', vus: USERS, duration },
  },
  thresholds: { checks: ['rate>0.999'] },
};

const TYPES = ['impression', 'click', 'install', 'conversion'];
const PLATFORMS = ['ios', 'android', 'web'];
const run = Date.now().toString(16).padStart(12, '0').slice(-12);
const name = `${run.slice(0, 8)}-${run.slice(8)}-8000-8000-`;

const between = [];
for (let i = 0; i < SIZE; i += 1) {
  const user = `user-${String((i * 7919) % 20000).padStart(5, '0')}`;
  const rest = `","app_id":"com.example.app${String(i % 20).padStart(2, '0')}","event_type":"${TYPES[i % 4]}","timestamp":${Date.now()},"platform":"${PLATFORMS[i % 3]}","user_id":"${user}","campaign":"spring-0${i % 10}"}`;
  between.push(`${rest},{"event_id":"${name}`);
}
between[SIZE - 1] = between[SIZE - 1].split(',{"event_id"')[0];

export default function () {
  const first = exec.scenario.iterationInTest * SIZE;
  // Joined at once: adding text to text would copy what is there a thousand times.
  const pieces = new Array(2 * SIZE + 2);
  pieces[0] = `{"events":[{"event_id":"${name}`;
  for (let i = 0; i < SIZE; i += 1) {
    pieces[2 * i + 1] = (first + i).toString(16).padStart(12, '0');
    pieces[2 * i + 2] = between[i];
  }
  pieces[2 * SIZE + 1] = ']}';
  const res = http.post(`${BASE_URL}/v1/events/batch`, pieces.join(''), { headers: { 'Content-Type': 'application/json' } });
  const isIn = check(res, { accepted: (r) => r.status === 202 && r.json('data.processed_count') === SIZE });
  if (isIn) eventsSent.add(SIZE);
}
