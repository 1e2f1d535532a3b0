import assert from 'node:assert/strict';
import test from 'node:test';
import { livenessProblems, natsPatienceMs, readinessProblems, stallMs, type NodeFacts } from './health.ts';

const well: NodeFacts = {
  now: 1_000_000,
  natsAwaySince: undefined,
  configured: true,
  listening: true,
  stopping: false,
  fatal: undefined,
  lastTick: 1_000_000,
};

test('a node that is well is alive and ready', () => {
  assert.deepEqual([livenessProblems(well), readinessProblems(well)], [[], []]);
});

test('what keeps clients away, and only that', () => {
  const cases: readonly (readonly [Partial<NodeFacts>, RegExp])[] = [
    [{ configured: false }, /no configuration/],
    [{ listening: false }, /listeners/],
    [{ stopping: true }, /stopping/],
    [{ natsAwaySince: well.now - natsPatienceMs - 1 }, /NATS/],
  ];
  for (const [change, words] of cases) {
    assert.match(readinessProblems({ ...well, ...change }).join(), words);
    assert.deepEqual(livenessProblems({ ...well, ...change }), []);
  }
});

test('a short absence of NATS keeps nobody away', () => {
  assert.deepEqual(readinessProblems({ ...well, natsAwaySince: well.now - natsPatienceMs }), []);
});

test('what only a restart mends', () => {
  assert.match(livenessProblems({ ...well, fatal: 'ended' }).join(), /ended/);
  assert.match(livenessProblems({ ...well, lastTick: well.now - stallMs - 1 }).join(), /event loop/);
  assert.equal(readinessProblems({ ...well, fatal: 'ended' }).length, 1);
});
