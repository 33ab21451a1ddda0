// The script of `load-as-published.js`, repaired: thresholds that can be read, events that the service takes (an identity, an app, a
// time in milliseconds), the status and the place of the answers as the service gives them, and errors counted with what went well.
// LENGTH shrinks all times: `-e LENGTH=0.05`.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://127.0.0.1:18310';
const API_KEY = __ENV.API_KEY || 'test-api-key';
const LENGTH = Number(__ENV.LENGTH || 1);
const USERS = Number(__ENV.USERS || 1);

const errors = new Rate('errors');
const eventsSent = new Counter('events_sent');
const ingestionLatency = new Trend('ingestion_latency', true);
const attributionLatency = new Trend('attribution_latency', true);

const seconds = (s) => `${Math.max(1, Math.round(s * LENGTH))}s`;
const users = (n) => Math.ceil(n * USERS);
const stage = (s, target) => ({ duration: seconds(s), target: users(target) });

export const options = {
  scenarios: {
    ramp_up: {
      executor: 'ramping-vus',
      startVUs: users(10),
      stages: [stage(120, 100), stage(300, 500), stage(600, 1000), stage(300, 500), stage(120, 0)],
    },
    spike_test: {
      executor: 'ramping-vus',
      startTime: seconds(1500),
      startVUs: users(100),
      stages: [stage(30, 100), stage(60, 2000), stage(30, 100), stage(60, 3000), stage(30, 100)],
    },
    constant_load: { executor: 'constant-vus', vus: users(500), duration: seconds(900), startTime: seconds(1800) },
  },
  thresholds: {
    http_req_duration: ['p(95)<100'],
    http_req_failed: ['rate<0.001'],
    errors: ['rate<0.001'],
    events_sent: [`count>${Math.round(100000 * LENGTH * USERS)}`],
    ingestion_latency: ['p(95)<50'],
    attribution_latency: ['p(95)<1000'],
  },
};

const TYPES = ['install', 'click', 'impression', 'conversion'];
const PLATFORMS = ['ios', 'android', 'web'];
const COUNTRIES = ['US', 'GB', 'DE', 'FR', 'JP', 'BR', 'IN', 'CA'];

const pick = (from) => from[Math.floor(Math.random() * from.length)];

let count = 0;

function event(userId) {
  count += 1;
  return {
    event_id: `${__VU}-${__ITER}-${count}-${Math.random().toString(36).substring(2)}`,
    app_id: 'com.example.app',
    event_type: pick(TYPES),
    timestamp: Date.now(),
    platform: pick(PLATFORMS),
    user_id: userId,
    session_id: `session_${Math.random().toString(36).substring(7)}`,
    country: pick(COUNTRIES),
    campaign: `campaign-${Math.floor(Math.random() * 10)}`,
  };
}

export function setup() {
  if (http.get(`${BASE_URL}/health`).status !== 200) {
    throw new Error(`nobody answers at ${BASE_URL}`);
  }
}

export default function () {
  const userId = `user_${__VU}_${__ITER}`;
  const params = { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${API_KEY}` } };

  const single = http.post(`${BASE_URL}/v1/events`, JSON.stringify(event(userId)), { ...params, tags: { name: 'event' } });
  ingestionLatency.add(single.timings.duration);
  const isIn = check(single, {
    'accepted': (r) => r.status === 202,
    'has event_id': (r) => r.json('data.event_id') !== undefined,
  });
  errors.add(!isIn);
  if (isIn) eventsSent.add(1);

  const ten = Array.from({ length: 10 }, () => event(userId));
  const batch = http.post(`${BASE_URL}/v1/events/batch`, JSON.stringify({ events: ten }), { ...params, tags: { name: 'batch' } });
  ingestionLatency.add(batch.timings.duration);
  const areIn = check(batch, {
    'batch accepted': (r) => r.status === 202,
    'all events processed': (r) => r.json('data.processed_count') === 10,
  });
  errors.add(!areIn);
  if (areIn) eventsSent.add(10);

  if (Math.random() < 0.1) {
    const url = `${BASE_URL}/v1/attribution/user/${userId}`;
    const attribution = http.get(url, { ...params, tags: { name: 'attribution' } });
    attributionLatency.add(attribution.timings.duration);
    const isThere = check(attribution, {
      'attribution is there': (r) => r.status === 200,
      // This user's ten events are all in by now; what became of them must show.
      'it is the one asked for': (r) => r.json('user_id') === userId && r.json('attributions') !== undefined,
    });
    errors.add(!isThere);
  }
}
