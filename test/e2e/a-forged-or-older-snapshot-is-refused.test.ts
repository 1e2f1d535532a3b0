// Whoever can write to the bucket cannot tell a node what to do: a manifest that is forged, older, for another fleet, sealed
// with another key, or that says something else under a generation already held is refused with a reason that reaches the
// operator, and the last good configuration stays in force, also when the bucket is emptied.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hashGenerated } from '@relayfleet/contract/secret-hash.ts';
import { startHandMadeFleet, type Published } from '../harness/hand-made-fleet.ts';
import { startNode } from '../harness/programs.ts';
import { platformPolicy, snapshotContent, usualLogin } from '../harness/snapshot.ts';
import { authPlain, openAnonymously } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const thief = 'a-password-the-thief-knows';
const stolen = snapshotContent({
  platforms: [platformPolicy({ secrets: [hashGenerated(thief, Buffer.alloc(16, 9))] })],
});
const foreign = generateKeyPairSync('ed25519').privateKey;

type Attempt = { readonly name: string; readonly generation: number; readonly reason: string } & Published;
const attempts: readonly Attempt[] = [
  { name: 'forged: signed by another key', generation: 6, reason: 'BadSignature', operatorKey: foreign },
  { name: 'older, signed rightly', generation: 4, reason: 'OlderGeneration' },
  { name: 'other content under the same generation', generation: 5, reason: 'GenerationReused' },
  { name: 'of another fleet', generation: 6, reason: 'WrongFleet', fleetUid: 'another-fleet' },
  {
    name: 'sealed with a key the node does not have',
    generation: 6,
    reason: 'UnknownKey',
    fleetKey: { id: 'k2', key: randomBytes(32) },
  },
  {
    name: 'sealed with another key under the right name',
    generation: 6,
    reason: 'ShardUnreadable',
    fleetKey: { id: 'k1', key: randomBytes(32) },
  },
  {
    name: 'signed rightly, its shards exchanged for older ones',
    generation: 6,
    reason: 'ShardUnreadable',
    content: snapshotContent({ platforms: [platformPolicy({ lane: 'bulk' })] }),
    exchanged: stolen,
  },
  {
    name: 'of a newer version',
    generation: 6,
    reason: 'NotUnderstood',
    manifest: (manifest) => ({ ...manifest, v: 2 as unknown as 1 }),
  },
];

test('a forged or older snapshot is refused', { timeout: 240_000 }, async (t) => {
  const fleet = await startHandMadeFleet(t);
  const node = await startNode({ t, directory: fleet.directory }, { name: 'node-1', ...fleet });
  const loginCode = async (password: string) => {
    const session = await openAnonymously(node.implicit, fleet.ca);
    const { code } = await session.command(authPlain({ user: usualLogin.username, password }));
    session.close();
    return code;
  };
  const keepsTheLastGoodOne = async (name: string) => {
    assert.equal(await loginCode(usualLogin.password), 235, name);
    assert.equal(await loginCode(thief), 535, name);
  };
  await fleet.publish(5);
  await node.untilReady();
  await keepsTheLastGoodOne('at first');

  for (const { name, generation, reason, ...spoilt } of attempts) {
    await fleet.publish(generation, { content: stolen, ...spoilt });
    const told = await until(
      () => `${name}: ${reason}; the node says ${JSON.stringify(fleet.acknowledgement('node-1'))}`,
      () => {
        const last = fleet.acknowledgement('node-1');
        return last?.problems.some((problem) => problem.reason === reason) ? last : undefined;
      },
      { withinMs: 15_000 },
    );
    assert.equal(told.generation, 5, name);
    assert.equal(told.ready, true, name);
    await keepsTheLastGoodOne(name);
    assert.match(node.log(), new RegExp(reason), 'and its log says so');
  }

  await fleet.publish(6);
  await until('a good one is taken again', () => {
    const last = fleet.acknowledgement('node-1');
    return last?.generation === 6 && last.problems.length === 0;
  });
  await keepsTheLastGoodOne('afterwards');
});
