import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, afterEach, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, type Dialogue } from '../harness/smtp-dialogue.ts';
import { fleetPolicy } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const limits = { maxMessageBytes: 100_000, maxRecipients: 3, maxConnections: 60, connectionsPerDestination: 20 };
const node = await startAcceptingNode({ content: { fleet: fleetPolicy({ limits }) } });
after(() => node.stop());

const open: (Socket | Dialogue)[] = [];
const closing = () => open.splice(0).forEach((each) => ('close' in each ? each.close() : each.destroy()));
afterEach(async () => {
  closing();
  await until(
    'all sessions to be over',
    async () => node.reported.findLast(({ name }) => name === 'sessionsOpen')?.args[0] === 0,
  );
});

/** On both ports in turn; the code of the greeting. */
async function greeting(n: number, localAddress: string): Promise<{ code: number; text: string }> {
  const tls = n % 2 === 0;
  const client = await dial({ port: tls ? node.implicitPort : node.startTlsPort, tls, localAddress });
  open.push(client);
  return client.reply();
}

test('one address has half of the connections, over all listeners; another one is served', async () => {
  const codes: number[] = [];
  for (let n = 0; n < 30; n += 1) codes.push((await greeting(n, '127.0.2.1')).code);
  assert.deepEqual(codes, Array(30).fill(220));
  assert.equal(
    (await greeting(30, '127.0.2.1')).text,
    '421 Too many connections from your address, try again in a moment',
  );
  assert.equal((await greeting(31, '127.0.2.1')).code, 421);
  assert.equal((await greeting(0, '127.0.2.2')).code, 220);
  (await node.loggedIn({ localAddress: '127.0.2.2' })).close();
  const refused = node.reported.filter(({ name, args }) => name === 'refused' && args[0] === 'tooManyFromAddress');
  assert.equal(refused.length, 2);
});

test('when they come all at once, half are served and the rest is told', async () => {
  const codes = await Promise.all(
    Array.from({ length: 40 }, (_, n) => greeting(n, '127.0.2.1').then(({ code }) => code)),
  );
  assert.equal(codes.filter((code) => code === 220).length, 30);
  assert.equal(codes.filter((code) => code === 421).length, 10);
});

test('a connection that ends makes room', async () => {
  for (let n = 0; n < 30; n += 1) await greeting(n, '127.0.2.1');
  closing();
  await until('room', async () => (await greeting(1, '127.0.2.1')).code === 220);
});

test('handshakes that never end, as many as one address can open, keep nobody else out', async () => {
  for (let n = 0; n < 200; n += 1) {
    const socket = connect({ port: node.implicitPort, host: '127.0.0.1', localAddress: '127.0.2.1' });
    open.push(socket.on('error', () => undefined));
  }
  await until(
    'the flood to be cut off',
    async () => open.filter((each) => 'closed' in each && each.closed).length >= 150,
    { withinMs: 10_000 },
  );
  for (let n = 0; n < 5; n += 1) (await node.loggedIn({ localAddress: '127.0.2.2' })).close();
});
