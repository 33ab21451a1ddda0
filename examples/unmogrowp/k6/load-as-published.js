// The ramp, the spike and the constant load as they were published, as far as their description goes. It does not run, here or in k6:
// two thresholds say `rate<0.1%`, which is no expression (write `rate<0.001`). `load.js` is the same, repaired.
import http from 'k6/http';
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || 'http://localhost:8080';
const API_KEY = __ENV.API_KEY || 'test-api-key';

const errorRate = new Rate('errors');
const eventsSent = new Counter('events_sent');
const ingestionLatency = new Trend('ingestion_latency');
const attributionLatency = new Trend('attribution_latency');

export const options = {
  scenarios: {
    ramp_up: {
      executor: 'ramping-vus',
      startVUs: 10,
      stages: [
        { duration: '2m', target: 100 },
        { duration: '5m', target: 500 },
        { duration: '10m', target: 1000 },
        { duration: '5m', target: 500 },
        { duration: '2m', target: 0 },
      ],
    },
    spike_test: {
      executor: 'ramping-vus',
      startTime: '25m',
      startVUs: 100,
      stages: [
        { duration: '30s', target: 100 },
        { duration: '1m', target: 2000 },
        { duration: '30s', target: 100 },
        { duration: '1m', target: 3000 },
        { duration: '30s', target: 100 },
      ],
    },
    constant_load: { executor: 'constant-vus', vus: 500, duration: '15m', startTime: '30m' },
  },
  thresholds: {
    http_req_duration: ['p(95)<100'],
    http_req_failed: ['rate<0.1%'],
    errors: ['rate<0.1%'],
    events_sent: ['count>100000'],
    ingestion_latency: ['p(95)<50'],
    attribution_latency: ['p(95)<1000'],
  },
};

const EVENTS = ['app_open', 'screen_view', 'button_click', 'purchase', 'registration', 'level_complete'];
const PLATFORMS = ['iOS', 'Android', 'Web'];
const COUNTRIES = ['US', 'GB', 'DE', 'FR', 'JP', 'BR', 'IN', 'CA'];

const pick = (from) => from[Math.floor(Math.random() * from.length)];

function parametersOf(name) {
  switch (name) {
    case 'purchase':
      return { revenue: Math.random() * 100, currency: 'USD', item_id: `item_${Math.floor(Math.random() * 1000)}`, quantity: 1 };
    case 'registration':
      return { method: pick(['email', 'google', 'facebook']), user_type: 'new' };
    case 'level_complete':
      return { level: Math.floor(Math.random() * 100), score: Math.floor(Math.random() * 10000), duration: Math.floor(Math.random() * 300) };
    default:
      return {};
  }
}

function generateEvent(userId) {
  const name = pick(EVENTS);
  return {
    user_id: userId,
    device_id: `device_${Math.random().toString(36).substring(7)}`,
    event_name: name,
    timestamp: new Date().toISOString(),
    platform: pick(PLATFORMS),
    country: pick(COUNTRIES),
    session_id: `session_${Math.random().toString(36).substring(7)}`,
    app_version: '1.0.0',
    sdk_version: '2.1.0',
    parameters: parametersOf(name),
  };
}

export default function () {
  const userId = `user_${__VU}_${__ITER}`;
  const params = { headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${API_KEY}` } };

  let began = Date.now();
  const single = http.post(`${BASE_URL}/v1/events`, JSON.stringify(generateEvent(userId)), params);
  ingestionLatency.add(Date.now() - began);
  const isIn = check(single, {
    'status is 200 or 201': (r) => r.status === 200 || r.status === 201,
    'response time < 100ms': (r) => r.timings.duration < 100,
    'has event_id': (r) => r.json('event_id') !== undefined,
  });
  if (isIn) {
    eventsSent.add(1);
  } else {
    errorRate.add(1);
  }

  const ten = Array.from({ length: 10 }, () => generateEvent(userId));
  began = Date.now();
  const batch = http.post(`${BASE_URL}/v1/events/batch`, JSON.stringify({ events: ten }), params);
  ingestionLatency.add(Date.now() - began);
  const areIn = check(batch, {
    'batch status is 200': (r) => r.status === 200,
    'batch response time < 200ms': (r) => r.timings.duration < 200,
    'all events processed': (r) => r.json('processed_count') === 10,
  });
  if (areIn) {
    eventsSent.add(10);
  } else {
    errorRate.add(1);
  }

  if (Math.random() < 0.1) {
    began = Date.now();
    const attribution = http.get(`${BASE_URL}/v1/attribution/user/${userId}`, params);
    attributionLatency.add(Date.now() - began);
    check(attribution, {
      'attribution status is 200': (r) => r.status === 200,
      'attribution < 1s': (r) => r.timings.duration < 1000,
      'has attributions': (r) => r.json('attributions') !== undefined,
    });
  }
}

export function handleSummary(data) {
  return { 'load-test-results.json': JSON.stringify(data, null, 2) };
}
