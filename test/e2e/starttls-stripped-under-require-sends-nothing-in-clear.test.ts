// An attacker on the way can hide STARTTLS, refuse it, or break it after the 220. Under Require, the default, the peer then sees
// nothing but our greeting, the mail waits, and goes when TLS is back. A route set to Opportunistic shows what would have leaked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../harness/certificates.ts';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, type Manifest } from '../harness/manifests.ts';
import { eventsIn } from '../harness/queue-view.ts';
import { startPeer, type PeerOptions, type ScriptedPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

const certificate = makeAuthority().issue('localhost', '127.0.0.1');
const strippers: Readonly<Record<string, PeerOptions>> = {
  absent: {},
  refused: { tls: certificate, script: { STARTTLS: () => '454 4.7.0 TLS not available' } },
  broken: { tls: certificate, script: { STARTTLS: () => ({ reply: '220 2.0.0 go', after: 'close' }) } },
  injected: { tls: certificate, script: { STARTTLS: () => ({ reply: '220 2.0.0 go\n250 2.1.0 ok', after: 'close' }) } },
};
/** All a peer may see in clear before it is TLS. */
const harmless = /^(EHLO \S+|HELO \S+|STARTTLS|QUIT|RSET|NOOP)$/i;

test('STARTTLS stripped under Require sends nothing in clear', { timeout: 300_000 }, async (t) => {
  const peers = new Map<string, ScriptedPeer>();
  for (const [how, options] of Object.entries(strippers)) peers.set(how, await startPeer(options));
  peers.set('opportunistic', await startPeer());
  t.after(() => Promise.all([...peers.values()].map((peer) => peer.goAway())));
  const routeOf = (how: string): Manifest => {
    const port = peers.get(how)?.port ?? 0;
    const tls = how === 'opportunistic' ? { tls: { mode: 'Opportunistic' } } : {};
    return { name: how, recipientDomains: [`${how}.test`], smarthosts: [{ host: '127.0.0.1', port, ...tls }] };
  };
  const fleet = await startFleet(t, {
    nodes: 1,
    retries: '30s',
    manifests: (receiver) => [
      relayFleet(),
      relayDomain({ routes: [...[...peers.keys()].map(routeOf), routeTo(receiver)] }),
      senderPlatform(),
    ],
  });

  const sent = await fleet.send({ to: [...peers.keys()].map((how) => `secret.name@${how}.test`) });
  assert.equal(sent.result.kind, 'accepted');
  const id = sent.result.kind === 'accepted' ? sent.result.id : '';
  await peers.get('opportunistic')?.mail(1, 60_000);
  assert.match(
    peers
      .get('opportunistic')
      ?.sessions.map(({ clear }) => clear)
      .join('') ?? '',
    /secret\.name/,
  );
  await until('every other destination was tried in vain', async () => {
    const attempts = (await eventsIn(fleet.ready(), id)).filter((event) => event.type === 'attempted');
    const results = attempts.flatMap((event) => event.results);
    return results.filter(({ outcome, category }) => outcome === 'deferred' && category === 'tls').length >= 4;
  });

  for (const how of Object.keys(strippers)) {
    const peer = peers.get(how)!;
    const seen = peer.sessions.flatMap(({ clear }) => clear.split('\r\n')).filter((line) => line !== '');
    assert.ok(seen.length > 0, `${how}: it was tried`);
    const leaked = seen.filter((line) => !harmless.test(line) && !isTlsRecord(line));
    assert.deepEqual(leaked, [], `${how}: in clear`);
    assert.equal(peer.mails.length, 0, how);
    await peer.goAway();
    const honest = await startPeer({ port: peer.port, tls: certificate });
    peers.set(how, honest);
    t.after(() => honest.goAway());
  }
  for (const how of Object.keys(strippers)) {
    const [mail] = (await peers.get(how)?.mail(1, 120_000)) ?? [];
    assert.match(mail?.tls ?? '', /^TLSv1\.[23]$/, `${how}: sent under TLS once it is offered`);
  }
});

/** A ClientHello is all a peer gets that said 220 and then did not do TLS: it names no one. */
function isTlsRecord(line: string): boolean {
  return !/[ -~]{12}/.test(line);
}
