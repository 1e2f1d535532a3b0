import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { DeferOptions } from '@relayfleet/jetstream/mail-queue.ts';
import type { Job, PutAwayDeps } from './put-away.ts';
import { handBack, hold, pushBack } from './not-now.ts';

const envelope = {
  id: '01JDCEXAMPLE0000000000000A',
  platform: { namespace: 'shop', name: 'orders' },
  domain: 'shop.test',
  attempt: 3,
  due: 1_000_000_000,
  body: { kind: 'chunks' },
} as unknown as Envelope;

type Step = (job: Job, deps: PutAwayDeps) => Promise<void>;
const holdIt: Step = (job, deps) => hold(job, 'order', deps);

/** What is put back by a node whose clock says `now`. */
async function putBack(step: Step, now: number, entry = envelope): Promise<Envelope> {
  return (await putBackAt(step, { now, entry, woken: false })).later;
}

type Scene = Pick<Job['taken'], 'woken'> & {
  readonly now: number;
  readonly entry?: Envelope;
  readonly setback?: Job['taken']['setback'];
};

async function putBackAt(step: Step, { now, entry = envelope, woken, setback }: Scene) {
  const deferred: ({ later: Envelope; at: number } & DeferOptions)[] = [];
  const defer = (later: Envelope, at: number, options: DeferOptions) =>
    Promise.resolve({ ok: true, count: deferred.push({ later, at, ...options }) });
  const deps = {
    now: () => now,
    queue: { defer },
    report: { held: () => undefined, pushedBack: () => undefined },
  } as unknown as PutAwayDeps;
  await step({ envelope: entry, taken: { woken, setback, done: () => Promise.resolve(true) } } as unknown as Job, deps);
  assert.equal(deferred.length, 1);
  return deferred[0]!;
}

for (const [who, offMs] of Object.entries({ right: 0, ahead: 864_000_000, behind: -864_000_000 })) {
  const now = envelope.due + offMs;
  test(`clock ${who}: a held entry comes again a look later, and is never counted as tried`, async () => {
    const { due, attempt, heldSince } = await putBack(holdIt, now);
    assert.ok(due >= Math.max(now, envelope.due) + 30_000, String(due - envelope.due));
    assert.equal(attempt, 3);
    assert.equal(heldSince, Math.max(now, envelope.due));
  });
  test(`clock ${who}: surplus comes again after 20 to 60 s, counted as put back and not as tried`, async () => {
    const { due, attempt, pushedBack } = await putBack(pushBack, now);
    const waits = due - Math.max(now, envelope.due);
    assert.ok(waits > 20_000 && waits <= 60_000, String(waits));
    assert.deepEqual([attempt, pushedBack], [3, 1]);
  });
  test(`clock ${who}: what is handed back is for the next node at once, as an entry of its own`, async () => {
    const { due, attempt } = await putBack(handBack, now);
    assert.equal(due, Math.max(now, envelope.due + 1));
    assert.equal(attempt, 3);
  });
}

test('held again, an entry keeps the moment of its first hold; put back for its turn, it is no longer held', async () => {
  const held = { ...envelope, heldSince: envelope.due - 5_000, pushedBack: 2 };
  assert.equal((await putBack(holdIt, envelope.due, held)).heldSince, held.heldSince);
  const surplus = await putBack(pushBack, envelope.due, held);
  assert.deepEqual([surplus.heldSince, surplus.pushedBack], [undefined, 3]);
});

test('what was woken hours before its time comes again soon and still woken; its due time stays that of the record', async () => {
  const now = envelope.due - 3_600_000;
  const surplus = await putBackAt(pushBack, { now, woken: true });
  assert.ok(surplus.at - now > 20_000 && surplus.at - now <= 60_000, String(surplus.at - now));
  assert.deepEqual([surplus.later.due, surplus.woken], [envelope.due, true]);
  const handed = await putBackAt(handBack, { now, woken: true });
  assert.deepEqual([handed.at, handed.later.due, handed.woken], [now, envelope.due + 1, true]);
  assert.equal((await putBackAt(pushBack, { now, woken: false })).woken, false);
});

test('put back unsent, an entry keeps what is known of its setbacks', async () => {
  const setback = { because: 'workers-ended', times: 4, since: 1 } as const;
  for (const step of [holdIt, pushBack, handBack])
    assert.equal((await putBackAt(step, { now: envelope.due, woken: false, setback })).setback, setback, step.name);
});
