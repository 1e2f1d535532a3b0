// A domain that its owner suspends sends nothing more, whoever sends for it: within five seconds of the edit every node
// refuses, field and annotation alike, and the platform's status says whose doing it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotated, edit } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, routeTo, usual, type Manifest } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession, type Session } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const nodes = [1, 2];
const domain = { kind: 'RelayDomain', name: 'shop' } as const;
const platform = { kind: 'SenderPlatform', name: usual.platform } as const;
const refusal = '550 5.7.1 Sending from this domain is suspended';

test('a suspended domain is refused within five seconds on every node', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const login = fleet.login();
  const shop = (spec: Manifest = {}) =>
    relayDomain({ routes: [routeTo({ host: '127.0.0.1', port: fleet.receiver.port })], ...spec });
  const suspensions: Readonly<Record<string, Manifest>> = {
    field: shop({ suspended: true }),
    annotation: annotated(shop(), { 'relayfleet.io/suspended': 'key stolen' }),
  };
  for (const [how, suspended] of Object.entries(suspensions)) {
    const open = await Promise.all(nodes.map((node) => openSession(fleet.listener(node), login)));
    const halfDone = await openSession(fleet.listener(1), login);
    await halfDone.command(`MAIL FROM:<${usual.from}>`);
    await halfDone.command(`RCPT TO:<${usual.to}>`);
    assert.equal((await halfDone.command('DATA')).code, 354);

    edit(fleet, suspended);
    await everyMail(open, refusal);
    const late = await halfDone.command(`From: <${usual.from}>\r\n\r\nlate\r\n.`);
    assert.ok(late.text.startsWith(refusal), `${how}: ${late.text}`);
    await untilCondition(fleet, domain, { type: 'Ready', status: 'False', reason: 'Suspended' });
    const told = await untilCondition(fleet, platform, { type: 'Ready', status: 'False', reason: 'Suspended' });
    assert.match(told.message, /RelayDomain shop\/shop/);
    assert.doesNotMatch(told.message, /stolen/, 'another team’s reason stays with that team');

    edit(fleet);
    await everyMail(open, '250 ');
    [...open, halfDone].forEach((session) => session.close());
  }
  assert.equal(fleet.receiver.taken.length, 0);
});

/** Waits until MAIL FROM is answered so in every session. */
async function everyMail(sessions: readonly Session[], answer: string): Promise<void> {
  await until(
    `"${answer}" at every node`,
    async () => {
      const answers = await Promise.all(sessions.map((session) => session.command(`MAIL FROM:<${usual.from}>`)));
      await Promise.all(sessions.map((session) => session.command('RSET')));
      return answers.every(({ text }) => text.startsWith(answer));
    },
    { withinMs: 5_000 },
  );
}
