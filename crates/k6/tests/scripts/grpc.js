// k6/net/grpc: what load() describes, what calls come to, what is refused, and the order of a stream's events.
import grpc from 'k6/net/grpc';
import { check } from 'k6';
const client = new grpc.Client();
const methods = client.load([], '../../../protocols/tests/contract/python/echo.proto');
const same = (name, a, b) => {
  const held = JSON.stringify(a) === JSON.stringify(b);
  if (!held) console.log(`${name}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
  check(null, { [name]: () => held });
};
const thrown = (doing) => { try { doing(); return 'nothing'; } catch (error) { return error.message; } };
const sorted = (object) => Object.fromEntries(Object.entries(object).sort());
const SERVICE = 'plimsoll.test.Echo';
export const options = { iterations: 1, thresholds: { 'grpc_req_duration{method:Say}': ['max<60000'], 'grpc_streams_msgs_received': ['count==5'] } };

export default async function () {
  same('methods', methods.map((m) => [m.full_method, m.package, m.service, m.name, m.is_client_stream, m.is_server_stream]), [
    ['/plimsoll.test.Echo/Say', 'plimsoll.test', 'Echo', 'Say', false, false],
    ['/plimsoll.test.Echo/Repeat', 'plimsoll.test', 'Echo', 'Repeat', false, true],
    ['/plimsoll.test.Echo/Gather', 'plimsoll.test', 'Echo', 'Gather', true, false],
    ['/plimsoll.test.Echo/Chat', 'plimsoll.test', 'Echo', 'Chat', true, true],
  ]);
  same('not connected', thrown(() => client.invoke(`${SERVICE}/Say`, {})), 'no gRPC connection, you must call connect first');
  same('refused', thrown(() => client.connect('127.0.0.1:1', { plaintext: true, timeout: '1s' })), 'connection error: desc = "transport: error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"');
  same('unknown param', thrown(() => client.connect(__ENV.GRPC, { plain: true })), 'invalid grpc.connect() parameters: unknown connect param: "plain"');
  same('connected', client.connect(__ENV.GRPC, { plaintext: true }), true);
  same('no method', thrown(() => client.invoke('', {})), 'method to invoke cannot be empty');
  same('unknown method', thrown(() => client.invoke(`${SERVICE}/Nope`, {})), `method "/${SERVICE}/Nope" not found in file descriptors`);
  same('load later', thrown(() => client.load([], 'echo.proto')), 'load must be called in the init context');

  const said = client.invoke(`${SERVICE}/Say`, { text: 'a', times: 3, at: '2026-01-01T00:00:00Z', counts: { x: 7 } }, { metadata: { 'x-a': 'b' }, tags: { kind: 'plain' } });
  same('message', sorted(said.message), { at: '2026-01-01T00:00:00Z', counts: { x: '7' }, parts: [], text: 'a', times: 3 });
  same('status', [said.status, said.error, said.headers.before, said.trailers], [grpc.StatusOK, null, ['1'], { behind: ['2'] }]);
  const empty = client.invoke(`/${SERVICE}/Say`, {});
  same('empty', sorted(empty.message), { at: null, counts: {}, parts: [], text: '', times: 0 });
  const no = client.invoke(`/${SERVICE}/Say`, { text: 'no' });
  same('refusal', [no.status, no.error.code, no.error.message, sorted(no.message).times], [grpc.StatusNotFound, 5, 'there is none: 100 %', 0]);
  const late = client.invoke(`/${SERVICE}/Say`, { text: 'slow' }, { timeout: '20ms', tags: { name: 'late' } });
  same('late', [late.status, late.error.code], [grpc.StatusDeadlineExceeded, 4]);
  const beside = await client.asyncInvoke(`${SERVICE}/Say`, { text: 'q' });
  same('beside', [beside.status, beside.message.text], [0, 'q']);

  const events = (method, messages) => new Promise((resolve) => {
    const all = [], stream = new grpc.Stream(client, `${SERVICE}/${method}`, { tags: { kind: 'stream' } });
    stream.on('data', (message) => all.push(sorted(message)));
    stream.on('error', (error) => all.push([error.code, error.message]));
    stream.on('end', () => resolve(all));
    messages.forEach((message) => stream.write(message));
    stream.end();
    stream.write({ text: 'nobody hears this' });
  });
  same('chat', await events('Chat', [{ text: 'a', times: 2 }, { text: 'b' }]), [{ text: 'a', times: 2 }, { text: 'b' }]);
  same('repeat', await events('Repeat', [{ text: 'x', times: 2 }]), [{ text: 'x' }, { text: 'x', times: 1 }]);
  same('gather', await events('Gather', [{ text: 'a' }, { text: 'b' }]), [{ parts: ['a', 'b'] }]);
  same('refused stream', await events('Say', [{ text: 'no' }]), [[5, 'there is none: 100 %']]);
  same('unknown stream', thrown(() => new grpc.Stream(client, 'x/y')), `invalid GRPC Stream's method: method "/x/y" not found in file descriptors`);
  client.close();
  same('closed', thrown(() => client.invoke(`${SERVICE}/Say`, {})), 'no gRPC connection, you must call connect first');
}
