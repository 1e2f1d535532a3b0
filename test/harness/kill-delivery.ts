// Every step of a delivery at which somebody may die, and what must have come of the mail when all is over. One table for all
// victims: what is killed is the caller's word, when exactly is said here.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startKillScene, type KillScene, type KillStep, type Victim } from './kill-scene.ts';
import { after, before, type Moment, type Write } from './nats-tripwire.ts';
import { hang, type Script } from './scripted-peer.ts';

/** On the way to NATS, or else at the next hop. */
type Step = KillStep<Fate, Moment | 'BODY' | 'DOT'> & {
  /** Whether the next hop has said 250 and nobody else knows: the one step at which a death makes a second copy. */
  readonly known?: 'to the next hop alone';
};

/** What the next hop does: takes the mail, refuses its recipient for good, or takes it at the second try. */
type Fate = 'taken' | 'refused' | 'deferred';

const to = 'someone@to.test';

const subject = (pattern: RegExp) => (write: Write) => pattern.test(write.subject);
const writes = {
  record: subject(/^evt\..*\.attempted$/),
  notice: ({ subject: name, payload }: Write) => name.startsWith('mq.') && payload.includes('"kind":"dsn"'),
  body: subject(/^b\..*\.0000$/),
  places: subject(/^b\..*\.at\./),
  schedule: subject(/^df\./),
  acknowledgement: ({ subject: name, payload }: Write) => name.startsWith('$JS.ACK.') && payload.includes('+ACK'),
};

const steps: readonly Step[] = [
  { name: 'while the message is on its way to the next hop', of: 'taken', moment: 'BODY' },
  { name: 'after the final dot, before its reply', of: 'taken', moment: 'DOT' },
  {
    name: 'after the 250 of the next hop, before the record',
    of: 'taken',
    moment: before(writes.record),
    known: 'to the next hop alone',
  },
  { name: 'after the record, before its confirmation', of: 'taken', moment: after(writes.record) },
  { name: 'before the acknowledgement', of: 'taken', moment: before(writes.acknowledgement) },
  { name: 'after the acknowledgement', of: 'taken', moment: after(writes.acknowledgement) },
  { name: 'refused, before the record', of: 'refused', moment: before(writes.record) },
  { name: 'refused, before the notice is queued', of: 'refused', moment: before(writes.notice) },
  { name: 'refused, after the notice is queued', of: 'refused', moment: after(writes.notice) },
  { name: 'refused, before the acknowledgement', of: 'refused', moment: before(writes.acknowledgement) },
  { name: 'deferred, before the record', of: 'deferred', moment: before(writes.record) },
  { name: 'deferred, before its body is stored', of: 'deferred', moment: before(writes.body) },
  { name: 'deferred, between its body and the note where it lies', of: 'deferred', moment: before(writes.places) },
  { name: 'deferred, before the schedule', of: 'deferred', moment: before(writes.schedule) },
  { name: 'deferred, after the schedule', of: 'deferred', moment: after(writes.schedule) },
  { name: 'deferred, before the acknowledgement', of: 'deferred', moment: before(writes.acknowledgement) },
];

export async function killAtEveryStep(t: TestContext, victim: Victim): Promise<void> {
  const scene = await startKillScene(t);
  for (const step of steps) if (isOne(step, victim)) await t.test(step.name, () => killAt(scene, victim, step));
}

/** A server that stands still has had the write all the same: it makes no difference when it gave an answer nobody reads. */
function isOne({ moment }: Step, victim: Victim): boolean {
  return victim !== 'nats-server, paused' || typeof moment === 'string' || moment.when === 'before';
}

async function killAt(scene: KillScene, victim: Victim, step: Step): Promise<void> {
  const { peer } = scene;
  const fate = fates[step.of];
  const session = await scene.session();
  const { moment } = step;
  let killed: Promise<void>;
  if (typeof moment === 'string') {
    const dying = Promise.withResolvers<void>();
    killed = dying.promise;
    peer.script = {
      ...fate.script(),
      [moment]: () => {
        peer.script = fate.script(); // once
        scene.kill(victim);
        dying.resolve();
        return victim === 'node' ? hang : undefined;
      },
    };
  } else {
    peer.script = fate.script();
    killed = scene.killAt(victim, moment);
  }

  const mail = await scene.offer(session, { to: [to] });
  assert.equal(mail.result.kind, 'accepted', JSON.stringify(mail.result));
  await killed;
  await scene.revive(victim);
  await scene.settled();

  const second = step.known !== undefined && victim === 'node';
  assert.deepEqual(await scene.account(mail), fate.account(second ? 2 : 1));
  session.close();
}

/** The notice about a refusal is taken: it has another recipient. */
const refuses = (answer: string) => (line: string) => (line.includes(to) ? answer : undefined);

const fates = {
  taken: {
    script: (): Script => ({}),
    account: (copies: number) => ({ copies: { [to]: copies }, notices: 0, settled: 1, delivered: 1, bounced: 0 }),
  },
  refused: {
    script: (): Script => ({ RCPT: refuses('550 5.1.1 nobody of that name') }),
    account: () => ({ copies: {}, notices: 1, settled: 1, delivered: 0, bounced: 1 }),
  },
  deferred: {
    script: (): Script => {
      let asked = 0;
      const later = refuses('450 4.2.0 later');
      return { RCPT: (line) => (asked++ === 0 ? later(line) : undefined) };
    },
    account: (copies: number) => ({ copies: { [to]: copies }, notices: 0, settled: 1, delivered: 1, bounced: 0 }),
  },
} as const;
