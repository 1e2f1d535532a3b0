import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test from 'node:test';
import { quickDeadlines } from '../../test/harness/deadlines.ts';
import { anEnvelope } from '../../test/harness/queue.ts';
import { domainPolicy, snapshotOf } from '../../test/harness/snapshot.ts';
import { openConnections } from './delivery/connections.ts';
import type { SigningKey } from './signing/keys.ts';
import { tryOnce, type TryDeps } from './try-once.ts';

const restMs = 20_000;
const key: SigningKey = { selector: 'e', algorithm: 'ed25519-sha256', key: generateKeyPairSync('ed25519').privateKey };
const message = Buffer.from('From: info@shop.test\r\n\r\nhi\r\n');

/** A port at which nobody listens (any more). */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** One domain whose mail goes to smarthosts at these ports, in turn; counts what a try costs. */
function setUp(ports: readonly number[]) {
  const clock = { now: 0 };
  const cost = { reads: 0, signatures: 0 };
  const hosts = ports.map((port, priority) => {
    const hop = { host: '127.0.0.1', port, implicitTls: false, tls: 'Opportunistic' } as const;
    return { ...hop, priority, weight: 1 };
  });
  const route = { name: 'all', recipientDomains: [], via: { kind: 'smarthosts' as const, hosts } };
  const snapshot = snapshotOf({ domains: [domainPolicy({ routes: [route] })] });
  const signal = new AbortController().signal;
  const now = () => clock.now;
  const found: { body?: Buffer | undefined } = { body: message };
  const deps = {
    queue: { readFirst: async () => (cost.reads++, found.body) },
    snapshot: () => snapshot,
    clock: { span: () => (cost.signatures++, { earliest: 0, latest: 0 }) },
    retryDelays: [],
    keysOf: () => [key],
    signal,
    now,
    attempting: {
      routing: { dns: {}, random: () => 0, smtpPort: 25 },
      guardOf: () => () => true,
      connections: openConnections({ idleMs: 1, mailsPerSession: 1, restMs }, now),
      deadlines: quickDeadlines,
      now,
      signal,
    },
  } as unknown as TryDeps;
  const envelope = anEnvelope({ domain: 'shop.test', sender: 'info@shop.test', acceptedAt: 0 });
  const attempt = async () => {
    const tried = await tryOnce({ taken: undefined as never, envelope, inline: message }, 0, deps);
    return tried.kind === 'tried' ? tried.outcomes.map(({ verdict }) => verdict.status).join() : tried.kind;
  };
  return { clock, cost, attempt, found };
}

test('mail for a hop that is left alone is neither read nor signed, and is told why like the others', async () => {
  const { clock, cost, attempt } = setUp([await deadPort()]);
  assert.equal(await attempt(), '4.4.1');
  assert.deepEqual(cost, { reads: 1, signatures: 1 });
  for (let n = 0; n < 1_000; n += 1) assert.equal(await attempt(), '4.4.1');
  assert.deepEqual(cost, { reads: 1, signatures: 1 });
  clock.now += restMs;
  assert.equal(await attempt(), '4.4.1');
  assert.deepEqual(cost, { reads: 2, signatures: 2 });
});

test('of several hops in turn, one that is not left alone is enough to have the mail signed, once', async () => {
  const { clock, cost, attempt } = setUp([await deadPort(), await deadPort()]);
  await attempt();
  assert.deepEqual(cost, { reads: 1, signatures: 1 }, 'two hops, one signature');
  await attempt();
  assert.deepEqual(cost, { reads: 1, signatures: 1 }, 'both are left alone');
  clock.now += restMs;
  await attempt();
  assert.deepEqual(cost, { reads: 2, signatures: 2 });
});

test('a message that is lost is told as such as soon as there is a hop that would take it', async () => {
  const { clock, attempt, found } = setUp([await deadPort()]);
  await attempt();
  found.body = undefined;
  assert.equal(await attempt(), '4.4.1');
  clock.now += restMs;
  assert.equal(await attempt(), 'no-body');
});
