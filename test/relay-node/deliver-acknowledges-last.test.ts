// An entry leaves the queue only once everything that follows from its attempt is stored: the record, the bounce, the deferral.
// While one of these is refused, the entry stays, the step is tried again, and nothing is sent a second time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import type { DeliverDeps } from '@relayfleet/relay-node/deliver.ts';
import { snapshotWith, startRig, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';
import { startPeer, type PeerOptions } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

type Step = {
  readonly what: string;
  readonly script: NonNullable<PeerOptions['script']>;
  /** The same node, but that `refused()` fails the step. */
  readonly failing: (rig: Rig, refused: () => boolean) => Partial<DeliverDeps>;
  readonly problem: string;
  /** How the queue looks when all is done, until the next attempt. */
  readonly afterwards: readonly string[];
};

const full = { ok: false, reason: 'full', detail: 'no room' } as const;
const away = { ok: false, reason: 'unavailable', detail: 'no answer' } as const; // a bounce has another way into a full queue

const steps: readonly Step[] = [
  {
    what: 'the record of the attempt',
    script: {},
    failing: ({ log }, refused) => ({
      log: { ...log, append: (events) => (refused() ? Promise.reject(new Error('full')) : log.append(events)) },
    }),
    problem: 'attempt-record',
    afterwards: [],
  },
  {
    what: 'the bounce',
    script: { RCPT: (line) => (line.includes('someone') ? '550 5.1.1 nobody' : undefined) },
    failing: ({ queue }, refused) => ({
      queue: { ...queue, commit: async (entries, ms) => (refused() ? away : queue.commit(entries, ms)) },
    }),
    problem: 'bounce',
    afterwards: [],
  },
  {
    what: 'the deferral',
    script: { RCPT: () => '450 4.2.0 later' },
    failing: ({ queue }, refused) => ({
      queue: { ...queue, defer: async (envelope, at) => (refused() ? full : queue.defer(envelope, at)) },
      retryDelays: [3_600_000],
    }),
    problem: 'deferral',
    afterwards: ['deferred'],
  },
  {
    what: 'the body of what is deferred',
    script: { RCPT: () => '450 4.2.0 later' },
    failing: ({ queue }, refused) => ({
      queue: { ...queue, putBody: async (id, body) => (refused() ? full : queue.putBody(id, body)) },
      retryDelays: [3_600_000],
    }),
    problem: 'body',
    afterwards: ['deferred'],
  },
];

for (const { what, script, failing, problem, afterwards } of steps)
  test(`the entry stays until it is stored: ${what}`, async (t) => {
    const peer = await startPeer({ script });
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
    const envelope = await rig.commit();
    let refusing = true;
    rig.start(failing(rig, () => refusing));
    const asked = () => peer.sessions.flatMap(({ commands }) => commands.filter((line) => line.includes('someone')));

    await until('refused twice', () => rig.report.problems.filter((word) => word === problem).length >= 2);
    const held = await listEntries(rig.nats, { id: envelope.id });
    assert.deepEqual(
      held.map(({ state }) => state),
      ['ready'],
    );
    assert.equal(asked().length, 1);

    refusing = false;
    await rig.entries(...afterwards);
    assert.equal(asked().length, 1, 'the mail was offered once');
  });
