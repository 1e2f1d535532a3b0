// Under Verify the next hop must prove its name with a certificate from an authority the domain's owner named. Expired, for
// another host, self-made: the mail waits, and nothing of it was said. The same hops take it under Require.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../harness/certificates.ts';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { eventsIn } from '../harness/queue-view.ts';
import { startPeer, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const ours = makeAuthority();
const theirs = makeAuthority();
const certificates = {
  good: ours.issue('localhost'),
  'another-authority': theirs.issue('localhost'),
  'another-name': ours.issue('mx.bank.test'),
} as const;

test('Verify mode refuses an unverifiable certificate', { timeout: 240_000 }, async (t) => {
  const peers = new Map<string, ScriptedPeer>();
  for (const [name, tls] of Object.entries(certificates)) peers.set(name, await startPeer({ tls }));
  t.after(() => Promise.all([...peers.values()].map((peer) => peer.goAway())));
  const route = (name: string, mode: string): Manifest => {
    const port = peers.get(name)?.port ?? 0;
    const tls = { mode, ...(mode === 'Verify' ? { caRef: { name: 'partner-ca' } } : {}) };
    const domain = mode === 'Verify' ? `${name}.test` : `unverified.${name}.test`;
    return {
      name: `${name}-${mode.toLowerCase()}`,
      recipientDomains: [domain],
      smarthosts: [{ host: 'localhost', port, tls }],
    };
  };
  const names = Object.keys(certificates);
  const fleet = await startFleet(t, {
    nodes: 1,
    manifests: (receiver) => [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace: usual.namespace, name: 'partner-ca' },
        stringData: { 'ca.crt': ours.ca },
      },
      relayFleet(),
      relayDomain({
        routes: [...names.flatMap((name) => [route(name, 'Verify'), route(name, 'Require')]), routeTo(receiver)],
      }),
      senderPlatform(),
    ],
  });
  const tried = async (id: string) =>
    (await eventsIn(fleet.ready(), id)).filter((event) => event.type === 'attempted').flatMap((event) => event.results);
  const attempt = async (domain: string) => {
    const { result } = await fleet.send({ to: [`secret.name@${domain}`] });
    assert.equal(result.kind, 'accepted');
    const id = result.kind === 'accepted' ? result.id : '';
    return until(`an attempt at ${domain}`, async () => (await tried(id))[0]);
  };

  assert.equal((await attempt('good.test')).outcome, 'delivered');
  for (const name of ['another-authority', 'another-name']) {
    const { outcome, category } = await attempt(`${name}.test`);
    assert.deepEqual({ outcome, category }, { outcome: 'deferred', category: 'tls' }, name);
    const commands = peers.get(name)?.sessions.flatMap((session) => session.commands) ?? [];
    assert.ok(commands.includes('STARTTLS'), `${name}: it was tried`);
    assert.ok(!commands.some((line) => /^(MAIL|RCPT|DATA|AUTH)/.test(line)), `${name}: ${commands.join(', ')}`);
    assert.equal((await attempt(`unverified.${name}.test`)).outcome, 'delivered', `${name}, under Require`);
  }
});
