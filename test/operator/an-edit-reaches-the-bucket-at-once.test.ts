// From a directory of manifests to a signed manifest in the bucket, on a real nats-server: at the start, and within a second of an
// edit. A suspension must bite on every node within 5 s, so the operator's share of that is small.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayDomain, relayFleet, senderPlatform } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';
import { startMachine, usualObjects } from './machine.ts';
import { statusOf } from './status-files.ts';

test('an edit reaches the bucket at once', { timeout: 120_000 }, async (t) => {
  const machine = await startMachine(t);
  machine.apply(...usualObjects);
  const operator = await machine.startOperator();
  await operator.untilReady();
  const { snapshot } = await machine.untilSeen('domain and platform', ({ snapshot: { domains, platforms } }) =>
    Boolean(domains.get('shop.test')?.signers.length === 2 && platforms.has('orders.shop')),
  );
  assert.equal(snapshot.domains.get('shop.test')?.suspended, null);

  const started = performance.now();
  machine.apply(relayFleet(), relayDomain({ suspended: true }), senderPlatform());
  const { manifest } = await machine.untilSeen('suspended', (seen) =>
    Boolean(seen.snapshot.domains.get('shop.test')?.suspended),
  );
  const tookMs = Math.round(performance.now() - started);
  t.diagnostic(`edit to bucket: ${tookMs} ms`);
  assert.ok(tookMs < 2_500, `${tookMs} ms`); // a busy machine; 0.1 s on an idle one

  const fleet = () => statusOf(machine, 'RelayFleet', 'default');
  const programmed = () => fleet().conditions?.find(({ type }) => type === 'Programmed');
  await until('NoReadyNodes', () => programmed()?.reason === 'NoReadyNodes');
  await machine.acknowledge('node-1');
  await machine.acknowledge('node-2', { generation: manifest.generation - 1 });
  await until('waiting for node-2', () => /waiting for node-2/.test(programmed()?.message ?? ''));
  await machine.acknowledge('node-2');
  await until('Programmed', () => programmed()?.status === 'True');
  assert.equal((fleet()['config'] as { generation: number }).generation, manifest.generation);

  await operator.stop('SIGTERM');
  assert.equal(operator.exitCode(), 0);
});
