// What counts as a failure is the script's to say.
import http from 'k6/http';
export const options = { iterations: 2, thresholds: { http_req_failed: ['rate==0.2'], 'http_req_duration{expected_response:true}': ['p(95)<5000'] } };
export default function () {
  http.get(`${__ENV.BASE}/status/404`, { responseCallback: http.expectedStatuses(404) });
  http.get(`${__ENV.BASE}/status/204`, { responseCallback: http.expectedStatuses({ min: 200, max: 299 }, 304) });
  http.get(`${__ENV.BASE}/status/500`, { responseCallback: null });
  http.get(`${__ENV.BASE}/status/404`);
  http.setResponseCallback(http.expectedStatuses(418));
  http.get(`${__ENV.BASE}/status/418`);
  http.get(`${__ENV.BASE}/status/418`);
  http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }));
}
