// From SMTP to the disk: once a mail has its end and the operator's sweep has come by, no file of the store holds its text any more.
// A node as a process of its own, and the sweeper as the operator runs it, whose minutes pass when the test says so.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { openWaitingMail } from '@relayfleet/jetstream/waiting-mail.ts';
import { startSweeper, type SweepEvents } from '@relayfleet/operator/sweep/sweeper.ts';
import { startKillScene, type KillScene } from '../harness/kill-scene.ts';
import { markedMessage } from '../harness/ledger.ts';
import { anEnvelope } from '../harness/queue.ts';
import type { Script, ScriptedPeer } from '../harness/scripted-peer.ts';
import { isInStore } from '../harness/store-files.ts';
import { until } from '../harness/until.ts';

type Case = {
  readonly to: readonly string[];
  readonly size: number;
  /** What the next hop does before it takes the mail. */
  readonly script: () => Script;
  /** What the sweep has to do: an inline body goes with its entry. */
  readonly swept: number;
};

const atOnce = (): Script => ({});
/** The first try of each recipient is put off. */
const atSecondTry = (): Script => {
  const asked = new Set<string>();
  const isNew = (line: string) => !asked.has(line) && asked.add(line);
  return { RCPT: (line) => (isNew(line) ? '450 4.7.1 greylisted, come again' : undefined) };
};

const cases: Readonly<Record<string, Case>> = {
  'a mail of 300 KB': { to: ['one@a.test'], size: 300_000, script: atOnce, swept: 1 },
  'a mail that was deferred': { to: ['one@a.test'], size: 2_000, script: atSecondTry, swept: 1 },
  'a mail for two destinations': { to: ['one@a.test', 'two@b.test'], size: 2_000, script: atOnce, swept: 1 },
  'a large mail for two destinations, both deferred': {
    to: ['one@a.test', 'two@b.test'],
    size: 1_500_000,
    script: atSecondTry,
    swept: 1,
  },
  'a small mail, after which the queue is empty': { to: ['one@a.test'], size: 2_000, script: atOnce, swept: 0 },
};

test('what is finished is nowhere in the store’s files', { timeout: 180_000 }, async (t) => {
  const scene = await startKillScene(t);
  const sweeper = await startSweeperByHand(t, scene);
  const { nats } = scene.fleet;
  for (const [name, { to, size, script, swept }] of Object.entries(cases))
    await t.test(name, async () => {
      await storeNeighbour(scene);
      const before = sweeper.finished();
      const text = `for nobody else’s eyes: ${randomBytes(12).toString('hex')}`;
      const wasThere = lookAtTheEnd(scene.peer, script(), () => isInStore(nats, text));
      await send(scene, to, `${text}\r\n${`${'x'.repeat(98)}\r\n`.repeat(size / 100)}${text}\r\n`);
      await scene.settled();
      assert.deepEqual(
        wasThere,
        to.map(() => true),
        'until a next hop has all of it, it is there',
      );
      await until('the sweep has come by', () => (sweeper.turn(), sweeper.finished() - before === swept));
      assert.equal(isInStore(nats, text), false);
    });
});

/** A body that stays where it is: without it the store would be empty, and its files gone, whatever was done about the bytes. */
async function storeNeighbour({ fleet }: KillScene): Promise<void> {
  const queue = openMailQueue(await fleet.nats.connect('node'), { timeoutMs: 5_000 });
  assert.ok((await queue.putBody(anEnvelope().id, Buffer.from('of a mail that is still arriving'))).ok);
}

/** What a look says whenever a next hop has a whole mail and has not answered yet. */
function lookAtTheEnd(peer: ScriptedPeer, script: Script, look: () => boolean): readonly boolean[] {
  const seen: boolean[] = [];
  peer.script = { ...script, DOT: () => (seen.push(look()), undefined) };
  return seen;
}

async function send(scene: KillScene, to: readonly string[], body: string): Promise<void> {
  const session = await scene.session();
  const from = 'orders@shop.test';
  const { kind } = await session.send({ from, to, message: markedMessage({ mark: 'm', from, to, body }) });
  assert.equal(kind, 'accepted');
  session.close();
}

/** `turn` lets a minute pass: each sweep is made once. */
async function startSweeperByHand(t: TestContext, { fleet }: KillScene) {
  const operator = await fleet.nats.connect('operator');
  let minutes = 0;
  let finished = 0;
  const waking: (() => void)[] = [];
  const sweeper = startSweeper(
    { namespace: 'relayfleet-system', name: 'default' },
    {
      mail: {
        bodies: openStoredBodies(operator),
        waiting: openWaitingMail(operator),
        orders: { watch: () => nothing, put: async () => undefined, withdraw: async () => undefined },
        onAnswering: () => nothing,
      },
      events: { ...silent, sweptBodies: (_, swept) => (finished += swept.finished) },
      now: Date.now,
      monotonic: () => minutes * 60_000,
      sleep: (_, signal) =>
        new Promise((wake) => {
          waking.push(wake);
          signal.addEventListener('abort', () => wake());
        }),
    },
  );
  t.after(() => sweeper.stop());
  const turn = () => {
    minutes += 1;
    for (const wake of waking.splice(0)) wake();
  };
  return { turn, finished: () => finished };
}

const nothing = () => undefined;
const silent: SweepEvents = {
  ordersSeen: nothing,
  orderBegun: nothing,
  orderDone: nothing,
  orderStalled: nothing,
  sweptBodies: nothing,
  sweptOverdue: nothing,
  sweepEnded: nothing,
  sweepFailed: nothing,
  movedForward: nothing,
};
