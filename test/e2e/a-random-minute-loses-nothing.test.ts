// Everything at once, drawn from a seed: mails of all shapes, receivers with every illness, kills and pauses of every process. At the
// end each accepted recipient has exactly one final state, seen from outside and on record. RELAYFLEET_TEST_SEED repeats a run,
// RELAYFLEET_TEST_MINUTES makes it longer (`npm run soak -- --minutes 10 --seed 42`).
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { causeOf } from '../harness/duplicate-causes.ts';
import { runAtRandom } from '../harness/random-run.ts';

const seed = process.env['RELAYFLEET_TEST_SEED'] ?? String(randomInt(1_000_000));
const minutes = Number(process.env['RELAYFLEET_TEST_MINUTES'] ?? '1');

test('a random minute loses nothing', { timeout: (minutes + 8) * 60_000 }, async (t) => {
  t.diagnostic(`RELAYFLEET_TEST_SEED=${seed}, ${minutes} min`);
  const { storage, submitted, findings, blows, fits, unreadableNotices, drainMs } = await runAtRandom(t, {
    seed,
    minutes,
  });
  const { accepted, recipients, delivered, bounced, duplicates, ...wrong } = findings;

  t.diagnostic(
    `storage ${storage}; ${submitted} mails offered, ${accepted} accepted for ${recipients} recipients: ${delivered} delivered, ${bounced} bounced`,
  );
  t.diagnostic(`receivers: ${[...fits].map(([kind, times]) => `${times} x ${kind}`).join(', ')}`);
  t.diagnostic(
    `${blows.length} blows; empty ${Math.round(drainMs / 1000)} s after the last; ${duplicates.length} duplicates`,
  );
  const causes = Map.groupBy(duplicates, (duplicate) => causeOf(duplicate, blows));
  for (const [blow, caused] of causes)
    t.diagnostic(`${caused.length} duplicates: ${blow && `${blow.part} ${blow.how}`}`);

  assert.deepEqual(wrong, {
    lost: [],
    deliveredAndBounced: [],
    toldWrongly: [],
    recordedWrongly: [],
    strange: [],
    damaged: [],
  });
  assert.deepEqual(unreadableNotices, []);
  assert.deepEqual(causes.get(undefined) ?? [], [], 'a duplicate needs a kill');
  assert.ok(accepted > 20 * minutes && blows.length > 3 * minutes, 'too little happened to prove anything');
});
