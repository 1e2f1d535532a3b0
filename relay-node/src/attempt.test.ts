import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anEnvelope } from '../../test/harness/queue.ts';
import { domainPolicy, snapshotOf } from '../../test/harness/snapshot.ts';
import { attempt, type AttemptDeps } from './attempt.ts';
import type { LeaseRequest } from './delivery/connections.ts';
import type { Fact } from './delivery/facts.ts';
import type { OutgoingMail } from './delivery/smtp-client.ts';

const taken: Fact = { kind: 'taken', reply: '250 ok', notifies: true };
const lost: Fact = { kind: 'lost', dotSent: false, detail: '' };

/** One mail for two, each by a smarthost of its own; a hop without an answer meets a defect of ours. */
function setUp(answers: Readonly<Record<string, Fact>>) {
  const defects: string[] = [];
  const routes = ['one', 'two'].map((name) => {
    const host = {
      host: `${name}.test`,
      port: 25,
      implicitTls: false,
      tls: 'Opportunistic',
      priority: 0,
      weight: 1,
    } as const;
    return { name, recipientDomains: [`to.${name}.test`], via: { kind: 'smarthosts' as const, hosts: [host] } };
  });
  const lease = async ({ key }: LeaseRequest) => {
    const fact = Object.entries(answers).find(([host]) => key.includes(host))?.[1];
    if (fact === undefined) throw new Error('a defect');
    const send = async ({ recipients }: OutgoingMail) => ({
      facts: recipients.map(() => fact),
      begun: true,
      reusable: true,
    });
    const session = { tls: null, address: '127.0.0.1', send };
    return { ok: true, lease: { session, reused: false, end: () => undefined } };
  };
  const deps = {
    routing: {
      dns: { addresses: async () => ({ kind: 'none' }) },
      random: () => 0,
      smtpPort: 25,
    },
    guardOf: () => () => true,
    connections: { restOf: () => undefined, lease },
    now: () => 0,
    signal: new AbortController().signal,
    onDefect: (error: Error) => void defects.push(error.message),
  } as unknown as AttemptDeps;
  const recipients = ['to.one.test', 'to.two.test'].map((domain, n) => ({ n, address: `someone@${domain}` }));
  const shipment = {
    envelope: anEnvelope({ recipients }),
    message: async () => ({ ok: true as const, pieces: [] }),
    policy: domainPolicy({ routes }),
    fleet: snapshotOf({}).fleet,
  };
  return { defects, attempt: () => attempt(shipment, deps) };
}

const facts = ({ found }: Awaited<ReturnType<typeof attempt>>) => found.map(({ fact }) => fact.kind);

test('a defect after somebody took the mail ends the attempt with what is known: it can be recorded', async () => {
  const scene = setUp({ 'one.test': taken });
  const attempted = await scene.attempt();
  assert.deepEqual(facts(attempted), ['taken', 'interrupted']);
  assert.equal(attempted.journey.hop, 'one.test');
  assert.deepEqual(scene.defects, ['a defect']);
});

test('so does one after somebody may have taken it', async () => {
  const scene = setUp({ 'one.test': { ...lost, dotSent: true } });
  assert.deepEqual(facts(await scene.attempt()), ['lost', 'interrupted']);
});

test('a defect before anybody can have taken the mail is no verdict on it', async () => {
  await assert.rejects(setUp({}).attempt(), /a defect/);
  const scene = setUp({ 'one.test': lost });
  await assert.rejects(scene.attempt(), /a defect/);
  assert.deepEqual(scene.defects, []);
});

test('without a defect each recipient has what its own hop said', async () => {
  assert.deepEqual(facts(await setUp({ 'one.test': taken, 'two.test': lost }).attempt()), ['taken', 'lost']);
});
