// A platform may bring its own password. Changed in its Secret, the old one is refused on every node within five seconds, in
// sessions that are open too, and the new one is taken. Deleting the Secret is how a password is revoked, and bites as fast.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { everyLogin } from '../harness/logins.ts';
import { senderPlatform, usual, usualManifests, type Manifest } from '../harness/manifests.ts';
import { openSession } from '../harness/submit.ts';

const old = 'the-first-password-of-orders';
const fresh = 'the-second-password, "quoted" & ünïcode';
const platform = senderPlatform({ auth: { passwordRef: { name: 'chosen' } } });
const chosen = (password: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: usual.namespace, name: 'chosen' },
  stringData: { password },
});

test('a changed password bites at once', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, {
    manifests: (receiver) => [chosen(old), ...usualManifests(receiver).slice(0, 2), platform],
  });
  const login = fleet.login();
  assert.equal(login.password, old, 'the binding holds it');
  const open = await Promise.all([1, 2].map((node) => openSession(fleet.listener(node), login)));

  edit(fleet, chosen(fresh), platform);
  await everyLogin(fleet, { ...login, password: fresh }, 235, { withinMs: 5_000 });
  await everyLogin(fleet, login, 535, { withinMs: 1_000 });
  for (const session of open) {
    assert.match((await session.command(`MAIL FROM:<${usual.from}>`)).text, /^530 5\.7\.0 /);
    session.close();
  }
  const session = await openSession(fleet.listener(2), { ...login, password: fresh });
  assert.equal((await fleet.send({ session })).result.kind, 'accepted');

  edit(fleet, platform);
  await everyLogin(fleet, { ...login, password: fresh }, 535, { withinMs: 5_000 });
  assert.match((await session.command(`MAIL FROM:<${usual.from}>`)).text, /^530 5\.7\.0 /);
  session.close();
});
