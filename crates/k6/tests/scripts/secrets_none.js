// k6/secrets when no source is configured: every get is rejected, source() is not; runs without flags.
import secrets from 'k6/secrets';
import * as all from 'k6/secrets';
import { check } from 'k6';
const fails = async (f) => { try { return `got ${await f()}`; } catch (e) { return `${e}|${typeof e}|${e instanceof Error}|${Object.keys(e)}|${e.name}|${e.message}`; } };
const early = await fails(() => secrets.get('a'));
export default async function () {
  const got = [await fails(() => secrets.get('a')), await fails(() => secrets.get()), await fails(() => secrets.source('main').get('a')), await fails(() => secrets.source().get('a'))];
  check(got, {
    'rejected': (g) => g[0] === 'no secret sources are configured|object|false|error|undefined|undefined',
    'without a name': (g) => g[1] === g[0],
    'in the init context': (g) => early === g[0],
    'a source is given, but empty': (g) => Object.keys(secrets.source('main')).join() === 'get' && g[2] === g[0] && g[3] === g[0],
    'methods': () => Object.keys(secrets).join() === 'get,source',
  });
}
