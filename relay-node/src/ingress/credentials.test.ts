import assert from 'node:assert/strict';
import test from 'node:test';
import { hashChosen, hashGenerated } from '@relayfleet/contract/secret-hash.ts';
import { platformPolicy, snapshotOf } from '../../../test/harness/snapshot.ts';
import { verifyCredentials } from './credentials.ts';
import { createSlots, type Slots } from './slots.ts';

const salt = Buffer.alloc(16, 3);
const old = hashGenerated('the old password', salt);
const current = hashGenerated('the current password', salt);
const chosen = await hashChosen('a password someone chose', salt);
const snapshot = snapshotOf({
  platforms: [
    platformPolicy({ username: 'minted.ns', secrets: [old, current] }),
    platformPolicy({ username: 'chosen.ns', secrets: [chosen] }),
    platformPolicy({ username: 'closed.ns', secrets: [] }),
  ],
});

/** Slots that count the slow checks, and how long they took together. */
function countingSlots(): Slots & { runs: number; ms: number } {
  const slots = {
    runs: 0,
    ms: 0,
    async run<T>(_: string, work: () => Promise<T>) {
      slots.runs += 1;
      const started = performance.now();
      const result = await work();
      slots.ms += performance.now() - started;
      return result;
    },
  };
  return slots;
}
const verify = (username: string, password: string, slots: Slots = countingSlots()) =>
  verifyCredentials(snapshot, { username, password, from: '192.0.2.1' }, slots);

test('every live secret of a platform opens it, and the verdict says which', async () => {
  for (const [password, secret] of [
    ['the old password', old],
    ['the current password', current],
  ] as const) {
    const verdict = await verify('minted.ns', password);
    assert.ok(verdict.kind === 'correct');
    assert.equal(verdict.secret, secret);
    assert.equal(verdict.platform.username, 'minted.ns');
  }
  assert.equal((await verify('chosen.ns', 'a password someone chose')).kind, 'correct');
});

test('wrong names, wrong passwords and passwords of others do not', async () => {
  const claims = [
    ['minted.ns', 'x'],
    ['chosen.ns', 'x'],
    ['nobody.ns', 'x'],
    ['closed.ns', ''],
    ['', ''],
    ['__proto__', 'x'],
    ['chosen.ns', 'the current password'],
    ['MINTED.NS', 'the current password'],
  ];
  for (const [username = '', password = ''] of claims)
    assert.equal((await verify(username, password)).kind, 'wrong', username);
});

test('no oracle: every failure costs exactly one slow check, whoever was named', async () => {
  for (const username of ['minted.ns', 'chosen.ns', 'closed.ns', 'nobody.ns']) {
    const slots = countingSlots();
    await verify(username, 'wrong', slots);
    assert.equal(slots.runs, 1, username);
    assert.ok(slots.ms > 5, `${username}: a slow check takes its time, this took ${slots.ms} ms`);
  }
});

test('no oracle: two chosen passwords of one platform make every failure cost two', async () => {
  const rotating = snapshotOf({ platforms: [platformPolicy({ username: 'two.ns', secrets: [chosen, chosen] })] });
  const took: number[] = [];
  for (const username of ['two.ns', 'nobody.ns']) {
    const slots = countingSlots();
    await verifyCredentials(rotating, { username, password: 'wrong', from: '192.0.2.1' }, slots);
    assert.equal(slots.runs, 1, username);
    took.push(slots.ms);
  }
  const [known = 0, unknown = 0] = took;
  assert.ok(unknown > 0.6 * known, `${unknown} ms for a name that does not exist, ${known} ms for one that does`);
});

test('a generated password costs no slow check', async () => {
  const slots = countingSlots();
  await verify('minted.ns', 'the current password', slots);
  assert.equal(slots.runs, 0);
});

test('busy is neither right nor wrong', async () => {
  assert.equal((await verify('nobody.ns', 'x', createSlots(0, 0))).kind, 'busy');
  assert.equal((await verify('minted.ns', 'the current password', createSlots(0, 0))).kind, 'correct');
});

test('while 10,000 wrong passwords are checked, the event loop keeps coming round', async () => {
  const slots = createSlots(2, 10);
  let rounds = 0;
  let counting = true;
  const count = () => {
    rounds += 1;
    if (counting) setImmediate(count);
  };
  const verdicts = Promise.all(Array.from({ length: 10_000 }, (_, n) => verify(`nobody-${n}.ns`, 'x', slots)));
  count();
  assert.equal((await verdicts).filter(({ kind }) => kind === 'wrong').length, 12);
  counting = false;
  assert.ok(rounds > 100, `${rounds} rounds during twelve slow checks`);
});
