// People's addresses and all secrets stay in the queue and in Secrets. After mail went every way it can (delivered, refused,
// bounced, deferred, misspelt, from strangers) not one of them is in a log, a status, an event, a subject or a metric.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { logIn } from '../harness/logins.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { logsOf, secretsOf, shownBy } from '../harness/shown.ts';
import { openSession } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

/** Parts of addresses, texts and passwords that appear nowhere else. */
const canaries = {
  sender: 'canary.sender',
  recipient: 'canary.recipient',
  gone: 'canary.gone',
  waiting: 'canary.waiting',
  stranger: 'canary.stranger',
  subject: 'canary of a subject',
  body: 'canary of a body',
  reply: 'canary of a reply',
  smarthostPassword: 'canary-of-a-smarthost-password',
  guess: 'canary-of-a-guessed-password',
} as const;

test('no address or secret in logs, status, events or metrics', { timeout: 240_000 }, async (t) => {
  const hop = await startPeer({
    offers: ['AUTH PLAIN'],
    script: { RCPT: () => '450 4.2.1 <canary.waiting@slow.test> canary of a reply' },
  });
  t.after(() => hop.goAway());
  const fleet = await startFleet(t, { nodes: 1, manifests: (receiver) => manifests(receiver.port, hop.port) });
  fleet.receiver.script.rcpt = (address) =>
    address.startsWith(canaries.gone) ? `550 5.1.1 <${address}> ${canaries.reply}` : undefined;
  const from = `${canaries.sender}@${usual.domain}`;
  const to = [`${canaries.recipient}@receiver.test`, `${canaries.gone}@receiver.test`, `${canaries.waiting}@slow.test`];
  const message = (sender: string) =>
    Buffer.from(`From: <${sender}>\r\nTo: <${to[0]}>\r\nSubject: ${canaries.subject}\r\n\r\n${canaries.body}\r\n`);

  const session = await openSession(fleet.listener(1), fleet.login());
  assert.equal((await session.send({ from, to, message: message(from) })).kind, 'accepted');
  for (const sender of [`${canaries.stranger}@bank.test`, `${canaries.stranger}@@`])
    assert.equal((await session.send({ from: sender, to, message: message(sender) })).kind, 'refused');
  assert.equal((await session.send({ from, to, message: message(`${canaries.stranger}@x.test`) })).kind, 'refused');
  assert.equal((await session.send({ from, to: [`${canaries.stranger} @`], message: message(from) })).kind, 'refused');
  session.close();
  assert.equal((await logIn(fleet, 1, { ...fleet.login(), password: canaries.guess })).code, 535);
  assert.equal((await logIn(fleet, 1, { ...fleet.login(), user: from })).code, 535);
  await until('mail, bounce and deferral', async () => {
    const bounced = fleet.receiver.taken.some((mail) => mail.from === '');
    return bounced && fleet.receiver.taken.length === 2 && /deferred/.test(logsOf(fleet)['node-1.log'] ?? '');
  });

  const seen = await shownBy(fleet);
  assert.ok(Object.keys(seen).length >= 12, Object.keys(seen).join(', '));
  for (const [what, canary] of Object.entries({ ...canaries, ...secretsOf(fleet) })) {
    assert.ok(canary.length >= 8, `${what} is worth looking for`);
    const places = Object.entries(seen).filter(([, text]) => text.includes(canary));
    assert.deepEqual(
      places.map(([place]) => place),
      [],
      `${what} (${canary.slice(0, 6)}…) is seen`,
    );
  }
});

function manifests(receiver: number, hop: number): readonly Manifest[] {
  const metadata = { namespace: usual.namespace, name: 'hop-login' };
  const stringData = { username: 'relay-user', password: canaries.smarthostPassword };
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData },
    relayFleet(),
    relayDomain({
      routes: [
        {
          name: 'slow',
          recipientDomains: ['slow.test'],
          smarthosts: [{ host: '127.0.0.1', port: hop, credentialsRef: { name: 'hop-login' } }],
        },
        { name: 'everything', smarthosts: [{ host: '127.0.0.1', port: receiver }] },
      ],
    }),
    senderPlatform(),
  ];
}
