// TypeScript, and a summary of the script's own.
import http from 'k6/http';
import { textSummary } from 'https://jslib.k6.io/k6-summary/0.0.2/index.js';

interface Summary { metrics: Record<string, { values: Record<string, number> }> }

export const options = { iterations: 10, summaryTrendStats: ['avg', 'p(99)', 'count'] };

export default function (): void {
  http.get(`${__ENV.BASE}/health`);
}

export function handleSummary(data: Summary): Record<string, string> {
  const requests: number = data.metrics['http_reqs'].values.count;
  return { stdout: `${requests} requests\n${textSummary(data, { indent: '  ' })}` };
}
