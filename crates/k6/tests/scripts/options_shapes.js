// exec.test.options: every option is there, null where not set; scenarios as they were written; env and tags of a scenario.
import exec from 'k6/execution';
import { check } from 'k6';

export const options = {
  tags: { run: 'tag v' }, systemTags: ['status', 'url', 'name', 'group', 'scenario', 'check'], setupTimeout: 5000, noVUConnectionReuse: true, tlsVersion: 'tls1.2',
  dns: { ttl: '1m', select: 'first' }, hosts: { 'a.test': '1.2.3.4:80' }, summaryTrendStats: ['avg'],
  thresholds: { http_req_failed: [{ threshold: 'rate<1', abortOnFail: true, delayAbortEval: '1s' }], 'checks{group:::g}': ['rate>=0'] },
  scenarios: { one: { executor: 'shared-iterations', vus: 1, iterations: 1, env: { SC: 'val', N: '5' }, tags: { st: 'x', num: '5' }, exec: 'run', maxDuration: '3s' } },
};
const sorted = (v) => (v && typeof v === 'object' && !Array.isArray(v) ? `{${Object.keys(v).sort().map((k) => `${k}:${sorted(v[k])}`)}}` : JSON.stringify(v));

export function run() {
  const o = exec.test.options;
  check(o, {
    'the options there are': () => Object.keys(o).length === 37 && ['paused', 'rps', 'hosts', 'throw', 'ext', 'localIPs'].every((k) => k in o),
    'shortcuts are not among them': () => !['vus', 'duration', 'iterations', 'stages'].some((k) => k in o) && o.vus === undefined,
    'not set is null': () => ['paused', 'noSetup', 'rps', 'maxRedirects', 'userAgent', 'batch', 'throw', 'ext', 'teardownTimeout'].every((k) => o[k] === null),
    scenarios: () => sorted(o.scenarios) === '{one:{env:{N:"5",SC:"val"},exec:"run",executor:"shared-iterations",gracefulStop:null,iterations:1,maxDuration:"3s",startTime:null,tags:{num:"5",st:"x"},vus:1}}',
    durations: () => o.setupTimeout === '5s' && o.dns.ttl === '1m' && o.dns.select === 'first' && o.dns.policy === null,
    thresholds: () => sorted(o.thresholds) === '{checks{group:::g}:["rate>=0"],http_req_failed:[{"threshold":"rate<1","abortOnFail":true,"delayAbortEval":"1s"}]}',
    'system tags are sorted': () => o.systemTags.join() === 'check,group,name,scenario,status,url' && o.tags.run === 'tag v',
    others: () => sorted(o.tlsVersion) === '{max:"tls1.2",min:"tls1.2"}' && o.hosts['a.test'] === '1.2.3.4:80' && o.summaryTrendStats.join() === 'avg' && o.noVUConnectionReuse === true,
    'a new object each time': () => exec.test.options !== exec.test.options,
    'env of the scenario': () => __ENV.SC === 'val' && __ENV.N === '5' && __ENV.BASE.startsWith('http'),
    'tags of the scenario': () => sorted(exec.vu.tags) === '{group:"",num:"5",run:"tag v",scenario:"one",st:"x"}',
    'exec.scenario': () => Object.keys(exec.scenario).sort().join() === 'executor,iterationInInstance,iterationInTest,name,progress,startTime' && exec.scenario.name === 'one' && exec.scenario.executor === 'shared-iterations',
    'exec.vu': () => Object.keys(exec.vu).sort().join() === 'idInInstance,idInTest,iterationInInstance,iterationInScenario,metrics,tags' && exec.vu.idInTest === 1 && exec.vu.iterationInScenario === 0,
    'exec.instance': () => Object.keys(exec.instance).sort().join() === 'currentTestRunDuration,iterationsCompleted,iterationsInterrupted,vusActive,vusInitialized' && exec.instance.vusActive === 1 && exec.instance.iterationsCompleted === 0,
    'exec and exec.test': () => Object.keys(exec).sort().join() === 'instance,scenario,test,vu' && Object.keys(exec.test).sort().join() === 'abort,fail,options',
  });
}
