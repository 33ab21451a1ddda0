// What may not be dialled: by address, by name, and through a name that stands for an address.
import http from 'k6/http';
import { check } from 'k6';

export const options = {
  blacklistIPs: ['10.0.0.0/8', '127.0.0.2/32'],
  blockHostnames: ['*.blocked.test', 'exact.test'],
  hosts: { 'h.test:80': '127.0.0.2:80' },
  dns: { ttl: '1m', select: 'roundRobin', policy: 'preferIPv4' },
};

export default function () {
  const asked = [
    ['http://10.1.2.3/', 1110], ['http://127.0.0.2/', 1110], ['http://h.test/', 1110],
    ['http://a.blocked.test/', 1111], ['http://A.Blocked.Test/', 1111], ['http://exact.test/x', 1111],
  ];
  for (const [url, code] of asked) {
    const res = http.get(url, { tags: { name: url } });
    check(res, {
      [`${url} is not dialled`]: (r) => r.status === 0 && r.error_code === code,
      [`${url} is explained`]: (r) => r.error === (code === 1110 ? 'ip is blacklisted' : 'hostname is blocked'),
    });
  }
  check(http.get(`${__ENV.BASE}/echo`), { 'the rest is': (r) => r.status === 200 });
}
