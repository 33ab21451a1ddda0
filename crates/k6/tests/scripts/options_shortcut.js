// Shortcut options become the scenario "default"; unset ones of it are null, and the system tags are the usual ones.
import exec from 'k6/execution';
import { check } from 'k6';

export const options = { vus: 2, iterations: 4 };
const sorted = (v) => (v && typeof v === 'object' ? `{${Object.keys(v).sort().map((k) => `${k}:${sorted(v[k])}`)}}` : JSON.stringify(v));

export default function () {
  check(exec.test.options, {
    'the scenario': (o) => sorted(o.scenarios) === '{default:{env:null,exec:null,executor:"shared-iterations",gracefulStop:null,iterations:4,maxDuration:null,startTime:null,tags:null,vus:2}}',
    'no shortcuts': (o) => o.vus === undefined && o.iterations === undefined && o.duration === undefined && o.stages === undefined,
    'system tags': (o) => o.systemTags.join() === 'check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url',
    'trend stats': (o) => o.summaryTrendStats.join() === 'avg,min,med,max,p(90),p(95)' && o.summaryTimeUnit === null,
    'dns, thresholds, tags': (o) => sorted(o.dns) === '{policy:null,select:null,ttl:null}' && o.thresholds === null && o.tags === null,
    'scenario at work': () => exec.scenario.name === 'default' && exec.scenario.executor === 'shared-iterations' && exec.scenario.iterationInTest < 4,
    'tags at work': () => sorted(exec.vu.tags) === '{group:"",scenario:"default"}' && exec.vu.idInTest <= 2,
  });
}
