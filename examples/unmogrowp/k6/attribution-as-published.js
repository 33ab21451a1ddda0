// The second script as it was published, as far as its description goes: `errors.add(1)` alone, so that its rate is 100 % or absent; no
// answer is looked at beyond its status; events that the service refuses. `attribution.js` is the same, repaired.
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Rate, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://localhost:8080';
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
    user_id: user,
    event_name: ['app_open', 'screen_view', 'purchase'][count % 3],
    timestamp: new Date().toISOString(),
    platform: 'iOS',
    properties: { campaign: 'spring' },
  };
}

const headers = { 'Content-Type': 'application/json' };

function ask(name, path) {
  const res = http.get(`${BASE_URL}${path}`, { tags: { name } });
  apiResponseTime.add(res.timings.duration);
  if (!check(res, { [`${name} status is 200`]: (r) => r.status === 200 })) errors.add(1);
}

function ingest(body) {
  const res = http.post(`${BASE_URL}/api/v1/events`, JSON.stringify(body), { headers, tags: { name: 'ingest_events' } });
  apiResponseTime.add(res.timings.duration);
  if (!check(res, { 'ingested': (r) => r.status === 200 || r.status === 201 })) errors.add(1);
}

export default function () {
  const user = `user_${__VU}_${__ITER}`;
  ask('health', '/health');
  group('ingestion', () => {
    ingest(event(user));
    ingest(Array.from({ length: 5 }, () => event(user)));
  });
  group('what is known', () => {
    ask('analytics', '/api/v1/analytics');
    ask('attribution', `/api/v1/attribution?user_id=${user}`);
    ask('customers', '/api/v1/customers');
    ask('realtime', '/api/v1/realtime');
  });
  sleep(1);
}
