// `suspended`, as a field or as an annotation, bites on every node within five seconds of the edit: at login, in sessions that
// are open, and in a transaction that is half done. Only who knows the password is told, and never the reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotated, edit } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { everyLogin, logIn } from '../harness/logins.ts';
import { senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession } from '../harness/submit.ts';

const nodes = [1, 2];
const platform = { kind: 'SenderPlatform', name: usual.platform } as const;
const reason = 'phished on Monday';
const suspensions: Readonly<Record<string, Manifest>> = {
  field: senderPlatform({ suspended: true }),
  annotation: annotated(senderPlatform(), { 'relayfleet.io/suspended': reason }),
};

test('a suspended platform is refused within five seconds on every node', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const good = fleet.login();
  for (const [how, suspended] of Object.entries(suspensions)) {
    const open = await Promise.all(nodes.map((node) => openSession(fleet.listener(node), good)));
    for (const session of open) {
      await session.command(`MAIL FROM:<${usual.from}>`);
      assert.equal((await session.command(`RCPT TO:<${usual.to}>`)).code, 250);
    }

    edit(fleet, suspended);
    const edited = performance.now();
    await everyLogin(fleet, good, 525, { withinMs: 5_000 });
    t.diagnostic(`${how}: every node refuses ${Math.round(performance.now() - edited)} ms after the edit`);
    for (const session of open) {
      assert.equal((await session.command('DATA')).code, 354, how);
      const late = await session.command(`From: <${usual.from}>\r\n\r\nlate\r\n.`);
      assert.match(late.text, /^550 5\.7\.13 /, `${how}, at the final dot`);
      assert.match((await session.command(`MAIL FROM:<${usual.from}>`)).text, /^550 5\.7\.13 /, `${how}, next mail`);
      session.close();
    }
    for (const node of nodes) {
      const stranger = await logIn(fleet, node, { ...good, password: 'not-the-password-of-anyone' });
      assert.match(stranger.text, /^535 5\.7\.8 /, `${how}, wrong password`);
      assert.doesNotMatch((await logIn(fleet, node, good)).text, /phished/);
    }
    const ready = await untilCondition(fleet, platform, { type: 'Ready', status: 'False', reason: 'Suspended' });
    if (how === 'annotation') assert.match(ready.message, new RegExp(reason));

    edit(fleet);
    await everyLogin(fleet, good, 235);
  }
  assert.equal(fleet.receiver.taken.length, 0);
});
