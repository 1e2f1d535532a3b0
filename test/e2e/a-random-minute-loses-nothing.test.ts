// Everything at once, drawn from a seed: mails of all shapes, receivers with every illness, kills and pauses of every process, orders
// about what waits. At the end each accepted recipient has exactly one final state, seen from outside and on record, none is
// dropped that no order was about, and none bounced that its receivers only deferred. RELAYFLEET_TEST_SEED repeats a run,
// RELAYFLEET_TEST_MINUTES makes it longer (`npm run soak -- --minutes 10 --seed 42`).
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { duplicatesPerBlow, unexplained } from '../harness/duplicate-causes.ts';
import { runAtRandom } from '../harness/random-run.ts';

const seed = process.env['RELAYFLEET_TEST_SEED'] ?? String(randomInt(1_000_000));
const minutes = Number(process.env['RELAYFLEET_TEST_MINUTES'] ?? '1');

test('a random minute loses nothing', { timeout: (minutes + 12) * 60_000 }, async (t) => {
  t.diagnostic(`RELAYFLEET_TEST_SEED=${seed}, ${minutes} min`);
  const run = await runAtRandom(t, { seed, minutes });
  const { submitted, findings, blows } = run;
  const { accepted, recipients, delivered, bounced, expired, dropped, duplicates, ...wrong } = findings;

  t.diagnostic(
    `storage ${run.storage}; ${submitted} mails offered, ${accepted} accepted for ${recipients} recipients: ${delivered} delivered, ${bounced} bounced (${expired} for their age), ${dropped} dropped`,
  );
  t.diagnostic(`receivers: ${listed(run.fits)}`);
  t.diagnostic(`orders: ${listed(run.orders)}`);
  t.diagnostic(`${blows.length} blows; empty ${Math.round(run.drainMs / 1000)} s after the last`);
  t.diagnostic(`duplicates: ${duplicates.length}; ${duplicatesPerBlow(duplicates, blows).join('; ')}`);

  assert.deepEqual(wrong, {
    lost: [],
    deliveredAndBounced: [],
    toldWrongly: [],
    recordedWrongly: [],
    droppedWrongly: [],
    bouncedWrongly: [],
    strange: [],
    damaged: [],
  });
  assert.deepEqual(run.unreadableNotices, []);
  assert.deepEqual(unexplained(duplicates, blows, run.nodes), [], 'a duplicate needs a kill');
  assert.ok(accepted > 20 * minutes && blows.length > 3 * minutes, 'too little happened to prove anything');
});

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, times]) => `${times} x ${what}`).join(', ');
}
