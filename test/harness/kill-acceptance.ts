// Every step of a submission at which somebody may die: what its client may have been told, and what must have come of the mail.
// One table for all victims. All or nothing: a mail for three destinations arrives at all of them or at none.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  startKillScene,
  type Account,
  type KillScene,
  type KillStep,
  type Offered,
  type Victim,
} from './kill-scene.ts';
import { markedMessage } from './ledger.ts';
import { after, before, type Write } from './nats-tripwire.ts';
import { hang } from './scripted-peer.ts';

/** `stored`: the mail is, at that moment. */
type Step = KillStep<Mail> & { readonly stored: boolean };
type Mail = { readonly to: readonly string[]; readonly size?: number };

const small: Mail = { to: ['someone@to.test'] };
/** Two chunks of 1 MB at the most, for one destination. */
const large: Mail = { ...small, size: 1_200_000 };
const forThree: Mail = { to: ['one@a.test', 'two@b.test', 'three@to.test'] };

const writes = {
  entry: (k: number) => (write: Write) => write.subject.startsWith('mq.') && write.subject.endsWith(`.${k}`),
  chunk: (n: number) => (write: Write) => write.subject.startsWith('b.') && write.subject.endsWith(`.000${n}`),
};

const steps: readonly Step[] = [
  { name: 'before the commit', of: small, moment: before(writes.entry(0)), stored: false },
  { name: 'after the commit, before the 250', of: small, moment: after(writes.entry(0)), stored: true },
  { name: 'before the last chunk of its body', of: large, moment: before(writes.chunk(1)), stored: false },
  { name: 'between body and entry', of: large, moment: before(writes.entry(0)), stored: false },
  { name: 'after the entry of a large mail', of: large, moment: after(writes.entry(0)), stored: true },
  { name: 'between the first envelope and the second', of: forThree, moment: before(writes.entry(1)), stored: false },
  { name: 'between the second envelope and the last', of: forThree, moment: before(writes.entry(2)), stored: false },
  { name: 'after the last envelope of a mail', of: forThree, moment: after(writes.entry(2)), stored: true },
];

/** What each victim owes to a client whose mail was under way. */
const dues: Readonly<Record<Victim, (step: Step) => { readonly told: string; readonly arrives: boolean }>> = {
  node: ({ stored }) => ({ told: 'unanswered', arrives: stored }),
  'nats-server': () => ({ told: 'accepted', arrives: true }), // it is back within the node's patience
  'nats-server, stopped': () => ({ told: 'accepted', arrives: true }),
  'nats-server, paused': () => ({ told: 'accepted', arrives: true }),
};

export async function killAtEveryStep(t: TestContext, victim: Victim): Promise<void> {
  const scene = await startKillScene(t);
  await t.test('in the middle of the message', () => inTheMessage(scene, victim));
  for (const step of stepsOf(victim))
    await t.test(step.name, async () => {
      const session = await scene.session();
      const killed = scene.killAt(victim, step.moment);
      const offering = scene.offer(session, step.of);
      await killed;
      await scene.revive(victim);
      const mail = await offering;
      await scene.settled();
      const { told, arrives } = dues[victim](step);
      assert.equal(mail.result.kind, told, JSON.stringify(mail.result));
      assert.deepEqual(await scene.account(mail), arrives ? all(step.of) : nothing);
      session.close();
    });
  await t.test('after the 250', () => afterThe250(scene, victim));
}

/** A server that stands still has had the write all the same: it makes no difference when it gave an answer nobody reads. */
function stepsOf(victim: Victim): readonly Step[] {
  return victim === 'nats-server, paused' ? steps.filter(({ moment }) => moment.when === 'before') : steps;
}

const nothing: Account = { copies: {}, notices: 0, settled: 0, delivered: 0, bounced: 0 };

/** Each of them once. */
function all({ to }: Mail): Account {
  const copies = Object.fromEntries(to.map((address) => [address, 1]));
  return { ...nothing, copies, settled: to.length, delivered: to.length };
}

/** Half of the text is there and no dot: nothing has been sent, whoever dies. */
async function inTheMessage(scene: KillScene, victim: Victim): Promise<void> {
  const session = await scene.session();
  for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<someone@to.test>', 'DATA'])
    assert.match((await session.command(line)).text, /^(250|354) /m);
  const message = markedMessage({ mark: 'half', from: 'orders@shop.test', to: small.to });
  await session.write(message.subarray(0, -10));
  scene.kill(victim);
  await scene.revive(victim);
  if (victim !== 'node') {
    // The connection is still there, and so is the transaction.
    assert.match((await session.command(`${message.subarray(-10).toString('latin1')}.`)).text, /^250 /);
    await scene.settled();
    assert.equal(scene.peer.mails.length, 1);
    return session.close();
  }
  await assert.rejects(session.command('.'));
  await scene.settled();
  assert.equal(scene.peer.mails.length, 0);
}

/** The next hop answers nobody until the kill: what it has afterwards, it has from somebody else. */
async function afterThe250(scene: KillScene, victim: Victim): Promise<void> {
  const session = await scene.session();
  scene.peer.script = { MAIL: () => hang };
  const mail: Offered = await scene.offer(session, small);
  assert.equal(mail.result.kind, 'accepted');
  scene.kill(victim);
  scene.peer.script = {};
  await scene.peer.goAway(); // whoever hangs is cut off
  await scene.peer.comeBack();
  await scene.revive(victim);
  await scene.settled();
  assert.deepEqual(await scene.account(mail), all(small));
  session.close();
}
