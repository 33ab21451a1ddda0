// Types go, the rest stays.
import http, { RefinedResponse } from 'k6/http';
import { check } from 'k6';
import { Options } from 'k6/options';
enum Kind { Health = '/health' }
interface Health { status: string }
export const options: Options = { iterations: 2 };
export default function (): void {
  const res: RefinedResponse<'text'> = http.get(`${__ENV.BASE}${Kind.Health}`);
  check(res, { 'typed': (r) => (r.json() as unknown as Health).status === 'healthy' });
}
