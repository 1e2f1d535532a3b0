// A RelayDomain or SenderPlatform whose manifest is gone stays until its mail has left: real operator and nats-server, the relay
// node and its queue played by the test. Its key stays with it; the operator may die, and NATS may be away, in between.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { drainFinalizer } from '@relayfleet/operator/plan.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { anEnvelope } from '../harness/queue.ts';
import { until } from '../harness/until.ts';
import { startMachine, usualObjects, type Machine } from './machine.ts';
import { statusOf } from './status-files.ts';

const theDomain = { kind: 'RelayDomain', name: 'shop' } as const;
const thePlatform = { kind: 'SenderPlatform', name: usual.platform } as const;
type Named = typeof theDomain | typeof thePlatform;

/** What the operator remembers of an object; empty once it is gone. */
function recordOf({ state }: Machine, { kind, name }: Named): string {
  const path = join(state, `objects/${kind}/shop.${name}.json`);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
const hasKey = ({ state }: Machine) => existsSync(join(state, 'secrets/shop/shop-dkim.yaml'));
const readyOf = (machine: Machine, { kind, name }: Named) =>
  statusOf(machine, kind, name).conditions?.find(({ type }) => type === 'Ready');
const annotated = (object: Manifest, word: string): Manifest => ({
  ...object,
  metadata: { ...(object['metadata'] as object), annotations: { 'relayfleet.io/on-delete': word } },
});

/** A machine whose one node has everything, with mails of the domain and platform in its queue. */
async function served(t: TestContext, mails = 2) {
  const machine = await startMachine(t);
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  await machine.untilSeen('the platform', ({ snapshot }) => snapshot.platforms.size === 1);
  await machine.acknowledge('n');
  await until('the finalizers', () =>
    [theDomain, thePlatform].every((object) => recordOf(machine, object).includes(drainFinalizer)),
  );
  const queue = openMailQueue(await machine.nats.connect('node'), { timeoutMs: 2_000 });
  for (let i = 0; i < mails; i++) {
    const platform = { namespace: usual.namespace, name: usual.platform };
    const envelope = anEnvelope({ domain: usual.domain, platform, body: { kind: 'inline', size: 0 } });
    assert.ok((await queue.commit([{ envelope, body: Buffer.alloc(0) }], 5_000)).ok);
  }
  /** As nodes do: takes every mail and ends it. */
  const deliver = async () => {
    const stop = new AbortController();
    let left = mails;
    for await (const taken of queue.take('transactional', { maxMessages: 10, signal: stop.signal })) {
      await taken.done();
      if (--left === 0) stop.abort();
    }
  };
  return { machine, operator, deliver };
}

/** Waits until its status counts that many, and says so. */
function untilCounted(machine: Machine, object: Named, count: number, said = /./): Promise<unknown> {
  return until(`${count} counted`, () => {
    const { queued, conditions } = statusOf(machine, object.kind, object.name);
    const ready = conditions?.find(({ type }) => type === 'Ready');
    return queued === count && ready?.reason === 'Draining' && said.test(ready.message);
  });
}

test('a deleted domain takes nothing new at once, and goes with its key when its last mail has left', async (t) => {
  const { machine, operator, deliver } = await served(t);
  machine.apply(relayFleet(), senderPlatform());
  const { snapshot } = await machine.untilSeen(
    'it drains',
    (seen) => seen.snapshot.domains.get(usual.domain)?.draining === true,
  );
  assert.ok((snapshot.domains.get(usual.domain)?.signers.length ?? 0) > 0, 'what waits is still signed');
  const [platform] = snapshot.platforms.values();
  assert.deepEqual([platform?.senders, platform?.secrets], [[], []]);
  await machine.acknowledge('n');
  await untilCounted(machine, theDomain, 2, /2 queue entries of its mail are left.*on-delete=drop drops them/);

  await operator.stop('SIGKILL');
  await machine.startOperator();
  await untilCounted(machine, theDomain, 2);
  assert.ok(recordOf(machine, theDomain) !== '' && hasKey(machine));

  await deliver();
  await until('it is gone, and its key with it', () => recordOf(machine, theDomain) === '' && !hasKey(machine));
  await machine.untilSeen('nodes hold it no more', (seen) => seen.snapshot.domains.size === 0);
});

test('nobody’s silence lets it go: a node that has not acknowledged it, NATS away; the word abandon does', async (t) => {
  const { machine } = await served(t, 0);
  machine.apply(relayFleet(), senderPlatform());
  await machine.untilSeen('it drains', (seen) => seen.snapshot.domains.get(usual.domain)?.draining === true);
  await untilCounted(machine, theDomain, 0, /waiting for n/);
  await machine.nats.kill9();
  await until('the way out is named', () =>
    /on-delete=abandon lets it go/.test(readyOf(machine, theDomain)?.message ?? ''),
  );
  assert.notEqual(recordOf(machine, theDomain), '');
  machine.apply(relayFleet(), senderPlatform(), annotated(relayDomain(), 'abandon'));
  await until('its file is its successor’s', () => {
    const record = recordOf(machine, theDomain);
    return record !== '' && !record.includes('deletionTimestamp');
  });
});

test('a deleted platform is dropped on the word: the order stands until nothing is left', async (t) => {
  const { machine, deliver } = await served(t);
  const book = openOrderBook(await machine.nats.connect('operator'));
  machine.apply(relayFleet(), relayDomain(), annotated(senderPlatform(), 'drop'));
  machine.apply(relayFleet(), relayDomain());
  await machine.untilSeen('it drains', (seen) => [...seen.snapshot.platforms.values()][0]?.draining === true);
  await machine.acknowledge('n');
  await untilCounted(machine, thePlatform, 2);
  machine.apply(relayFleet(), relayDomain(), annotated(senderPlatform(), 'drop'));
  const [order] = await until('the order', async () => {
    const orders = await book.list();
    return orders.length > 0 ? orders : undefined;
  });
  assert.deepEqual([order?.kind, order?.filter.platform], ['drop', { namespace: 'shop', name: 'orders' }]);
  machine.apply(relayFleet(), relayDomain());
  await deliver();
  await until('it is gone', () => recordOf(machine, thePlatform) === '');
  await machine.untilSeen('nodes hold it no more', (seen) => seen.snapshot.platforms.size === 0);
});
