// k6/net/grpc without a description: the server is asked; a connection outlasts its iteration.
import grpc from 'k6/net/grpc';
import { check, group } from 'k6';
const client = new grpc.Client();
export const options = { vus: 2, iterations: 6 };
let connected = false;
export default () => {
  if (!connected) client.connect(__ENV.GRPC, { plaintext: true, reflect: true });
  connected = true;
  group('calls', () => {
    const said = client.invoke('plimsoll.test.Echo/Say', { text: `${__ITER}` }, { discardResponseMessage: __ITER % 2 === 1 });
    check(said, { 'ok': (r) => r && r.status === grpc.StatusOK, 'echoed': (r) => __ITER % 2 === 1 || r.message.text === `${__ITER}` });
  });
};
