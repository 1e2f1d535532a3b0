// A binding has two sides, and either may take it back: the platform stops naming a domain, the domain stops allowing the
// platform, the fleet stops allowing the domain. Within five seconds no node takes mail on it, open sessions included.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit, remove } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { everyLogin } from '../harness/logins.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { openSession } from '../harness/submit.ts';
import { until } from '../harness/until.ts';

const nodes = [1, 2];
const platform = { kind: 'SenderPlatform', name: usual.platform } as const;

test('withdrawing the binding bites at once', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const login = fleet.login();
  const routes = [routeTo({ host: '127.0.0.1', port: fleet.receiver.port })];
  const other: Manifest = {
    ...relayDomain({ domain: 'other.test', routes }),
    metadata: { namespace: usual.namespace, name: 'other' },
  };
  const both = senderPlatform({ domainRefs: [{ name: 'shop' }, { name: 'other' }] });
  const withdrawals: Readonly<Record<string, { readonly edit: readonly Manifest[]; readonly reason: string }>> = {
    'the domain allows nobody': {
      edit: [relayDomain({ routes, allowedPlatforms: { namespaces: { from: 'None' } } })],
      reason: 'NotAllowedByDomain',
    },
    'the fleet allows nobody': {
      edit: [relayFleet({ allowedDomains: { namespaces: { from: 'None' } } })],
      reason: 'DomainNotAccepted',
    },
    'the platform names another domain': {
      edit: [senderPlatform({ domainRefs: [{ name: 'nowhere' }] })],
      reason: 'DomainNotFound',
    },
  };

  for (const [how, withdrawal] of Object.entries(withdrawals)) {
    const open = await Promise.all(nodes.map((node) => openSession(fleet.listener(node), login)));
    edit(fleet, ...withdrawal.edit);
    await everyLogin(fleet, login, 535, { withinMs: 5_000 });
    for (const session of open) {
      assert.match((await session.command(`MAIL FROM:<${usual.from}>`)).text, /^530 5\.7\.0 /, how);
      session.close();
    }
    await untilCondition(fleet, platform, { type: 'Accepted', status: 'False', reason: withdrawal.reason });
    edit(fleet);
    await everyLogin(fleet, login, 235, { withinMs: 5_000 });
  }

  edit(fleet, relayDomain({ routes }), other, both);
  const session = await openSession(fleet.listener(1), login);
  const mailFrom = async (domain: string) => {
    const answer = await session.command(`MAIL FROM:<orders@${domain}>`);
    await session.command('RSET');
    return answer.code;
  };
  await until('both domains are bound', async () => (await mailFrom('other.test')) === 250, { withinMs: 30_000 });
  edit(fleet, relayDomain({ routes }), other, senderPlatform());
  await until('one is withdrawn', async () => (await mailFrom('other.test')) === 550, { withinMs: 5_000 });
  assert.equal(await mailFrom(usual.domain), 250, 'the other binding stands');
  session.close();

  remove(fleet, 'SenderPlatform');
  await everyLogin(fleet, login, 535, { withinMs: 5_000 });
});
