import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { startNats } from '../harness/nats.ts';
import { handPublisher, startNodeProcess } from '../harness/node-process.ts';

const nats = await startNats();
const operator = await nats.connect('operator');
await ensureStreams(operator, { replicas: 1, storageBytes: 1e9, eventRetentionMs: 3_600_000 });
const { bootstrap } = handPublisher(operator, nats);
const taken = createServer().listen(0, '127.0.0.1');
await once(taken, 'listening');
const takenPort = (taken.address() as { port: number }).port;
after(async () => {
  taken.close();
  await nats.stop();
});

const settings = bootstrap as { nats: object; operatorKeys: string[] };
const cases: Readonly<Record<string, readonly [given: object, env: Record<string, string>, problem: RegExp]>> = {
  'no certificate': [bootstrap, { RELAYFLEET_TLS_DIR: '/nowhere' }, /^\/nowhere\/tls\.crt: ENOENT$/],
  'no bootstrap document': [
    bootstrap,
    { RELAYFLEET_BOOTSTRAP_DIR: '/nowhere' },
    /^\/nowhere\/bootstrap\.json: ENOENT$/,
  ],
  'a bootstrap document with a field missing': [
    { ...bootstrap, fleetUid: undefined },
    {},
    /bootstrap\.json: fleetUid: /,
  ],
  'a bootstrap document with a key that is none': [
    { ...bootstrap, operatorKeys: ['x'] },
    {},
    /bootstrap\.json: operatorKeys: not a public key/,
  ],
  'a port somebody else listens on': [
    bootstrap,
    { RELAYFLEET_LISTENERS: `implicit:127.0.0.1:${takenPort}` },
    /^cannot listen: .*EADDRINUSE.*:\d+$/,
  ],
  'a metrics port somebody else listens on': [
    bootstrap,
    { RELAYFLEET_TELEMETRY: `127.0.0.1:${takenPort}` },
    /cannot serve metrics on 127\.0\.0\.1/,
  ],
  'a wrong NATS password': [{ ...bootstrap, nats: { ...settings.nats, password: 'wrong' } }, {}, /refuses user node/],
};
for (const [what, [given, env, problem]] of Object.entries(cases))
  test(`${what}: the node says so and exits 1`, async () => {
    const node = await startNodeProcess(given, env);
    const [code] = await once(node.child, 'close');
    assert.equal(code, 1);
    const last = node.log().at(-1);
    assert.equal(last?.['msg'], 'relay node cannot run');
    assert.match(String(last['problem']), problem);
  });

test('an unusable variable: named, with its meaning, exit 2', async () => {
  const node = await startNodeProcess(bootstrap, { RELAYFLEET_LISTENERS: 'plain:127.0.0.1:25' });
  const [code] = await once(node.child, 'close');
  assert.equal(code, 2);
});
