// k6/ws: the code the close handler gets, from either side; what the socket does after closing.
import ws from 'k6/ws';
import { check } from 'k6';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export default function () {
  const url = `${__ENV.BASE.replace('http', 'ws')}/ws`;
  const run = (setup) => {
    const seen = [];
    ws.connect(url, (s) => {
      s.on('close', (code) => seen.push(['close', code]));
      s.on('error', (e) => seen.push(['error', e.error()]));
      s.on('message', (m) => seen.push(['message', m]));
      setup(s, seen);
    });
    return seen;
  };
  const by = {
    none: run((s) => s.on('open', () => s.close())),
    code: run((s) => s.on('open', () => s.close(1000))),
    own: run((s) => s.on('open', () => s.close(3456))),
    twice: run((s) => s.on('open', () => { s.close(1000); s.close(1002); })),
    server: run((s) => s.on('open', () => s.send('close'))),
    setup: run((s, seen) => { s.on('open', () => seen.push(['open'])); s.close(); }),
    after: run((s) => s.on('open', () => { s.close(); s.send('late'); s.ping(); })),
  };
  check(by, {
    'no code is 1001': (b) => same(b.none, [['close', 1001]]),
    'own code is given back': (b) => same(b.code, [['close', 1000]]) && same(b.own, [['close', 3456]]),
    'a second close does nothing': (b) => same(b.twice, [['close', 1000]]),
    'the server closes with its code': (b) => same(b.server, [['close', 1000]]),
    'closed in the setup function, open still fires': (b) => same(b.setup, [['close', 1001], ['open']]),
    'send and ping after close are error events': (b) => same(b.after, [['close', 1001], ['error', 'websocket: close sent'], ['error', 'websocket: close sent']]),
  });
}
