// Digest authentication by credentials in the address: two requests, the answer of the second.
import http from 'k6/http';
import { check } from 'k6';

const at = (who, path) => __ENV.BASE.replace('://', `://${who}@`) + path;

export default function () {
  check(http.get(at('u:p', '/digest/u/p'), { auth: 'digest' }), {
    accepted: (r) => r.status === 200 && r.json('authenticated') === true && r.json('user') === 'u',
    'address without the credentials': (r) => r.url === `${__ENV.BASE}/digest/u/p` && r.request.url === at('u:p', '/digest/u/p'),
    'request without the header': (r) => r.request.headers.Authorization === undefined && r.error === '' && r.error_code === 0,
  });
  check(http.post(at('u:p', '/digest/u/p'), 'body', { auth: 'digest' }), { 'post accepted': (r) => r.status === 200 && r.request.method === 'POST' });
  check(http.get(at('a%40b:p%20q', '/digest/a%40b/p%20q'), { auth: 'digest' }), { 'escaped credentials': (r) => r.status === 200 });
  check(http.get(at('u:bad', '/digest/u/p'), { auth: 'digest' }), {
    refused: (r) => r.status === 401 && r.error_code === 1401 && r.error === '' && r.body === '',
    'asked again': (r) => r.headers['Www-Authenticate'].startsWith('Digest realm="echo", qop="auth", algorithm=MD5'),
  });
  check(null, {
    'not without the param': () => http.get(at('u:p', '/digest/u/p')).status === 401 && http.get(at('u:p', '/digest/u/p'), { auth: 'DIGEST' }).status === 401,
    'the first request is basic': () => http.get(at('u:p', '/echo'), { auth: 'digest' }).json('headers.authorization') === 'Basic dTpw',
    'credentials alone are basic': () => http.get(at('u:p', '/echo')).json('headers.authorization') === 'Basic dTpw',
    'unescaped for basic': () => http.get(at('u:p%40%20x', '/echo')).json('headers.authorization') === 'Basic dTpwQCB4' && http.get(at('u', '/echo')).json('headers.authorization') === 'Basic dTo=',
    'ntlm sends none at first': () => http.get(at('u:p', '/echo'), { auth: 'ntlm' }).json('headers.authorization') === undefined,
  });
}
