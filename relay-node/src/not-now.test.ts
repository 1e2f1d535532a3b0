import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { ConcludeDeps, Job } from './conclude.ts';
import { handBack, hold } from './not-now.ts';

const envelope = {
  id: '01JDCEXAMPLE0000000000000A',
  platform: { namespace: 'shop', name: 'orders' },
  domain: 'shop.test',
  attempt: 3,
  due: 1_000_000_000,
  body: { kind: 'chunks' },
} as unknown as Envelope;

/** What is put back by a node whose clock says `now`. */
async function putBack(step: typeof hold, now: number): Promise<Envelope> {
  const deferred: Envelope[] = [];
  const defer = (later: Envelope) => Promise.resolve({ ok: true, later: deferred.push(later) });
  const deps = { now: () => now, queue: { defer }, report: { held: () => undefined } } as unknown as ConcludeDeps;
  await step({ envelope, taken: { done: () => Promise.resolve(true) } } as unknown as Job, deps);
  assert.equal(deferred.length, 1);
  return deferred[0]!;
}

for (const [who, offMs] of Object.entries({ right: 0, ahead: 864_000_000, behind: -864_000_000 })) {
  const now = envelope.due + offMs;
  test(`clock ${who}: a held entry comes again a look later, and is never counted as tried`, async () => {
    const { due, attempt } = await putBack(hold, now);
    assert.ok(due >= Math.max(now, envelope.due) + 30_000, String(due - envelope.due));
    assert.equal(attempt, 3);
  });
  test(`clock ${who}: what is handed back is for the next node at once, as an entry of its own`, async () => {
    const { due, attempt } = await putBack(handBack, now);
    assert.equal(due, Math.max(now, envelope.due + 1));
    assert.equal(attempt, 3);
  });
}
