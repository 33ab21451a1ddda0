// The second script: warm-up, load and spike over every way into the platform, with a second of sleep. Repaired: events that the
// service takes, answers that are looked at, a health check that stops the run instead of counting. LENGTH shrinks all times.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Rate, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18310';
const LENGTH = Number(__ENV.LENGTH || 1);

const errors = new Rate('errors');
const apiResponseTime = new Trend('api_response_time', true);

const seconds = (s) => `${Math.max(1, Math.round(s * LENGTH))}s`;
const stage = (s, target) => ({ duration: seconds(s), target });

export const options = {
  scenarios: {
    warmup: { executor: 'ramping-vus', startVUs: 0, stages: [stage(30, 10)] },
    load: {
      executor: 'ramping-vus',
      startTime: seconds(30),
      startVUs: 10,
      stages: [stage(120, 50), stage(300, 50), stage(120, 100), stage(300, 100), stage(120, 0)],
    },
    spike: {
      executor: 'ramping-vus',
      startTime: seconds(900),
      startVUs: 0,
      stages: [stage(10, 200), stage(60, 200), stage(10, 0)],
    },
  },
  thresholds: {
    http_req_duration: ['p(95)<500', 'p(99)<1000'],
    http_req_failed: ['rate<0.05'],
    errors: ['rate<0.05'],
    api_response_time: ['p(95)<300'],
    'http_req_duration{name:ingest_events}': ['p(95)<200'],
  },
};

let count = 0;

function event(user) {
  count += 1;
  return {
    event_id: `${__VU}-${__ITER}-${count}-${Math.random().toString(36).substring(2)}`,
    app_id: 'com.example.app',
    event_type: ['install', 'click', 'impression', 'conversion'][count % 4],
    timestamp: Date.now(),
    platform: 'ios',
    user_id: user,
    campaign: 'spring',
  };
}

const headers = { 'Content-Type': 'application/json' };

function ask(name, path, fits) {
  const res = http.get(`${BASE_URL}${path}`, { tags: { name } });
  apiResponseTime.add(res.timings.duration);
  errors.add(!check(res, { [`${name} fits`]: (r) => r.status === 200 && fits(r) }));
}

function ingest(body, fits) {
  const res = http.post(`${BASE_URL}/api/v1/events`, JSON.stringify(body), { headers, tags: { name: 'ingest_events' } });
  apiResponseTime.add(res.timings.duration);
  errors.add(!check(res, { 'ingested': (r) => r.status === 200 && fits(r) }));
}

export function setup() {
  if (http.get(`${BASE_URL}/health`).status !== 200) {
    throw new Error(`nobody answers at ${BASE_URL}`);
  }
}

export default function () {
  const user = `user_${__VU}_${__ITER}`;
  ask('health', '/health', (r) => r.json('status') === 'healthy');
  group('ingestion', () => {
    ingest(event(user), (r) => r.json('event_id') !== undefined);
    ingest(Array.from({ length: 5 }, () => event(user)), (r) => r.json('processed') === 5);
  });
  group('what is known', () => {
    ask('analytics', '/api/v1/analytics', (r) => r.json('events') > 0);
    ask('attribution', `/api/v1/attribution?user_id=${user}`, (r) => r.json('user_id') === user);
    ask('customers', '/api/v1/customers', (r) => r.json('customers') > 0);
    ask('realtime', '/api/v1/realtime', (r) => r.json('accepted') > 0);
  });
  sleep(1);
}
