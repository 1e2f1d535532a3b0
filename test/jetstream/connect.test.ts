// Opening, losing and closing a connection: clear errors at the start, statuses afterwards, never an unhandled rejection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { startNats } from '../harness/nats.ts';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';

test('wrong credentials are refused at once, waiting or not', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const wrong = { ...server.settings('node'), password: 'wrong' };
  await assert.rejects(connectNats(wrong), /refuses user node/);
  await assert.rejects(connectNats(wrong, { waitOnFirstConnect: true }), /refuses user node/);
});

test('without a server it rejects, or waits for one', async (t) => {
  const port = await freePort();
  const settings = {
    url: `nats://127.0.0.1:${port}`,
    username: 'node',
    password: 'node-password',
    role: 'node',
    name: 'early',
  } as const;
  await assert.rejects(connectNats(settings), /cannot be reached/);
  const waiting = connectNats(settings, { waitOnFirstConnect: true });
  const server = await startNats({ port });
  t.after(() => server.stop());
  const nats = await waiting;
  assert.equal(nats.isConnected(), true);
  await nats.close();
});

test('a lost connection is a status and comes back by itself', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const nats = await server.connect('node');
  const statuses: string[] = [];
  nats.onStatus(({ kind }) => statuses.push(kind));
  await server.kill9();
  await until('the loss', () => !nats.isConnected(), { withinMs: 5_000 });
  await server.restart();
  await until('the return', () => nats.isConnected(), { withinMs: 5_000 });
  assert.deepEqual(statuses, ['disconnected', 'connected']);
  assert.equal(nats.connections(), 2);
});

test('a question on its way ends with the connection, long before its own time is up', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const nats = await server.connect('node');
  assert.equal(await nats.whileConnected(Promise.resolve('answer')), 'answer');
  server.pause();
  const question = nats.nc.request('$JS.API.INFO', '', { timeout: 60_000 });
  question.catch(() => undefined);
  const lost = assert.rejects(nats.whileConnected(question), /the connection to NATS ended/);
  await server.kill9();
  await lost;
});

test('a server that hangs is noticed within seconds', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const nats = await server.connect('node');
  server.pause();
  await until('the hang', () => !nats.isConnected(), { withinMs: 12_000 });
  server.resume();
  await until('the return', () => nats.isConnected(), { withinMs: 12_000 });
});

test('closing resolves `closed`, also while the server hangs or is gone', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const [well, hanging, orphan] = [
    await connectNats(server.settings('node')),
    await connectNats(server.settings('node')),
    await connectNats(server.settings('node')),
  ];
  await well.close();
  assert.equal(await well.closed, undefined);
  server.pause();
  await hanging.close();
  await hanging.closed;
  server.resume();
  await server.kill9();
  await orphan.close();
  await orphan.closed;
  assert.deepEqual(
    [well, hanging, orphan].map((nats) => nats.isConnected()),
    [false, false, false],
  );
});
