import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledgementExpiryMs, heartbeatMs, type Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { createHearing } from './hearing.ts';

const said = (at: number, changes: Partial<Acknowledgement> = {}): Acknowledgement => ({
  v: 1,
  node: 'a',
  version: '1',
  at,
  generation: 1,
  highestSeen: 1,
  keyIds: ['k'],
  ready: true,
  problems: [],
  ...changes,
});

function setUp() {
  const clock = { now: 1_000_000, monotonic: 0 };
  const hearing = createHearing({ now: () => clock.now, monotonic: () => clock.monotonic });
  const pass = (ms: number, jump = 0) => {
    clock.now += ms + jump;
    clock.monotonic += ms;
  };
  const ages = () => hearing.acknowledgements().map(({ at }) => clock.now - at);
  return { clock, hearing, pass, ages };
}

test('the first word of a node is as old as it says, every later one is new', () => {
  const { clock, hearing, pass, ages } = setUp();
  hearing.hear([said(clock.now - 3_600_000)]);
  assert.deepEqual(ages(), [3_600_000]);
  pass(5);
  hearing.hear([said(clock.now - 3_590_000)]);
  assert.deepEqual(ages(), [0], 'its clock is an hour behind');
  pass(7);
  assert.deepEqual(ages(), [7]);
});

test('a clock that jumps makes no node silent', () => {
  const { clock, hearing, pass, ages } = setUp();
  hearing.hear([said(clock.now)]);
  pass(1_000, 86_400_000);
  assert.deepEqual(ages(), [1_000]);
  pass(1_000, -2 * 86_400_000);
  assert.deepEqual(ages(), [2_000]);
});

test('a heartbeat is no news; a change, a newcomer, a leaver and one back from silence are', () => {
  const { clock, hearing, pass } = setUp();
  assert.equal(hearing.hear([said(clock.now)]), true);
  pass(heartbeatMs);
  assert.equal(hearing.hear([said(clock.now)]), false);
  assert.equal(hearing.hear([said(clock.now + 1, { generation: 2 })]), true);
  assert.equal(hearing.hear([said(clock.now + 1, { generation: 2 }), said(clock.now, { node: 'b' })]), true);
  assert.equal(hearing.hear([said(clock.now + 1, { generation: 2 })]), true);
  pass(acknowledgementExpiryMs);
  assert.equal(hearing.hear([said(clock.now, { generation: 2 })]), true);
});
