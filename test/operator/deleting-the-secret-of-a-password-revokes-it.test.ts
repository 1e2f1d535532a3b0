// Revocation of a chosen password on a real API server: editing a reference to a Secret that is not there, or cannot be used, keeps
// the password in force, for it is a mistake; deleting the Secret the password came from withdraws it, although no object names
// that Secret any more and the operator reads it no longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import { openConfigPublisher, openConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import { natsUser, startCluster, type Cluster } from '../harness/cluster.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from '../harness/manifests.ts';
import { until } from '../harness/until.ts';
import { openBucket, type Seen } from './bucket-view.ts';

const system = 'relayfleet-system';
const { namespace } = usual;

test(
  'deleting the Secret of a password revokes it, whatever the platform names by then',
  { timeout: 240_000 },
  async (t) => {
    const cluster = await startCluster(t, [system, namespace]);
    const { nats, apply } = cluster;
    const untilSeen = await watching(cluster);
    await apply(
      natsUser(system, 'nats-operator', nats.users.operator),
      natsUser(system, 'nats-node', nats.users.node),
      relayFleet({ nats: { ...(relayFleet()['spec'] as { nats: object }).nats, url: nats.url } }),
      relayDomain(),
      password('first', 'correct-horse-battery'),
      password('second', 'staple-horse-battery'),
      password('short', 'short'),
      platform('orders', 'first'),
      platform('news', 'second'),
    );
    await untilSeen('both passwords', (seen) => platformsIn(seen) === 'news.shop orders.shop');

    await apply(platform('orders', 'mistyped'), platform('news', 'short'), relayDomain({ suspended: true }));
    await untilReason(cluster, 'orders', 'SecretNotFound');
    await untilReason(cluster, 'news', 'SecretInvalid');
    const kept = await untilSeen('the edits', ({ snapshot }) => snapshot.domains.get(usual.domain)?.suspended != null);
    assert.equal(platformsIn(kept), 'news.shop orders.shop', 'a mistake revokes nothing');

    await cluster.api.mustKubectl(['delete', 'secret', 'first', '-n', namespace]);
    await untilSeen('one is revoked', (seen) => platformsIn(seen) === 'news.shop');
    await cluster.api.mustKubectl(['delete', 'secret', 'second', '-n', namespace]);
    await untilSeen('the other one, too', (seen) => platformsIn(seen) === '');
  },
);

/** Who may log in. */
function platformsIn({ snapshot }: Seen): string {
  const open = [...snapshot.platforms.values()].filter(({ secrets }) => secrets.length > 0);
  return open
    .map(({ username }) => username)
    .sort()
    .join(' ');
}

function password(name: string, text: string): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData: { password: text } };
}

function platform(name: string, secret: string): Manifest {
  const auth = { type: 'Password', passwordRef: { name: secret } };
  return { ...senderPlatform({ auth }), metadata: { namespace, name } };
}

/** Waits until what a node finds in the bucket is as the test asks. */
async function watching({ nats, read }: Cluster) {
  const [operator, node] = await Promise.all([nats.connect('operator'), nats.connect('node')]);
  const look = async (): Promise<Seen | undefined> => {
    const { data } = await read<{ data: Record<string, string> }>(system, 'secret/default-bootstrap');
    const manifest = await openConfigPublisher(operator)
      .readManifest()
      .catch(() => undefined); // no bucket yet
    const bootstrap = Buffer.from(data['bootstrap.json'] ?? '', 'base64').toString();
    return openBucket(openConfigReader(node), manifest?.bytes, bootstrap);
  };
  return (what: string, wanted: (seen: Seen) => boolean): Promise<Seen> =>
    until(
      what,
      async () => {
        const seen = await look();
        return seen && wanted(seen) ? seen : undefined;
      },
      { withinMs: 30_000, everyMs: 200 },
    );
}

async function untilReason({ read }: Cluster, name: string, reason: string): Promise<void> {
  await until(`${name}: ${reason}`, async () => {
    const { status } = await read<{ status?: { conditions?: readonly Condition[] } }>(namespace, `splat/${name}`);
    return status?.conditions?.some((condition) => condition.type === 'ResolvedRefs' && condition.reason === reason);
  });
}
