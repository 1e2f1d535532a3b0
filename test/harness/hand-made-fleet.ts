// A fleet whose operator is the test itself: it holds the fleet's keys and the operator's NATS user, so it can put any
// configuration into the bucket, good, forged, old or torn. Real nats-server; nodes are started from the files made here.
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { bootstrapFile, type Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import { sealShard, shardDigest, signManifest, type FleetKey, type Manifest } from '@relayfleet/contract/seal.ts';
import { toShards, type SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import { watchAcknowledgements } from '@relayfleet/jetstream/acknowledgements.ts';
import { openConfigPublisher } from '@relayfleet/jetstream/config-bucket.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { makeAuthority } from './certificates.ts';
import { startNats, type NatsServer } from './nats.ts';
import { snapshotContent } from './snapshot.ts';

export type Published = {
  readonly content?: SnapshotContent;
  readonly issuedAt?: number;
  /** Default: as the nodes expect them. */
  readonly fleetUid?: string;
  readonly operatorKey?: KeyObject;
  readonly fleetKey?: FleetKey;
  /** What really lies where the signed manifest says that `content` is: sealed rightly, as an old copy of the bucket has it. */
  readonly exchanged?: SnapshotContent;
  /** Last chance to spoil the manifest before it is signed. */
  readonly manifest?: (manifest: Manifest) => Manifest;
};

export type HandMadeFleet = {
  readonly nats: NatsServer;
  readonly directory: string;
  /** Mounts for a node: RELAYFLEET_BOOTSTRAP_DIR and RELAYFLEET_TLS_DIR. */
  readonly bootstrap: string;
  readonly tls: string;
  /** Another mount of the same, for a node that is to reach nats-server at this address. */
  bootstrapVia(name: string, natsUrl: string): string;
  /** PEM that the nodes' listeners verify against. */
  readonly ca: string;
  /** Puts a configuration into the bucket, whatever stands there. */
  publish(generation: number, changes?: Published): Promise<void>;
  /** The last word of a node. */
  acknowledgement(node: string): Acknowledgement | undefined;
};

const fleetUid = 'fleet-uid';

/** Ends with the test. */
export async function startHandMadeFleet(t: TestContext): Promise<HandMadeFleet> {
  const nats = await startNats();
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-by-hand-'));
  t.after(async () => {
    await nats.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const operator = await nats.connect('operator');
  const ensured = await ensureStreams(operator, { replicas: 1, storageBytes: 1e9, eventRetentionMs: 3_600_000 });
  if (!ensured.ok) throw new Error(ensured.problem);
  const bucket = openConfigPublisher(operator);
  const operatorKeys = generateKeyPairSync('ed25519');
  const key: FleetKey = { id: 'k1', key: randomBytes(32) };
  const authority = makeAuthority();
  const mount = (name: string, files: Readonly<Record<string, string>>): string => {
    mkdirSync(join(directory, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, name, file), text, { mode: 0o600 });
    return join(directory, name);
  };
  const bootstrap: Bootstrap = {
    v: 1,
    fleet: { namespace: 'relayfleet-system', name: 'default' },
    fleetUid,
    fleetKeys: [{ id: key.id, key: Buffer.from(key.key).toString('base64') }],
    operatorKeys: [operatorKeys.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    nats: { url: nats.url, ...nats.users.node },
  };
  const { cert, key: tlsKey } = authority.issue('localhost', '127.0.0.1');
  let latest: readonly Acknowledgement[] = [];
  const stopWatching = watchAcknowledgements(operator, (acknowledgements) => (latest = acknowledgements));
  t.after(stopWatching);

  return {
    nats,
    directory,
    bootstrap: mount('bootstrap', { [bootstrapFile]: JSON.stringify(bootstrap) }),
    tls: mount('tls', { 'tls.crt': cert, 'tls.key': tlsKey }),
    bootstrapVia: (name, url) =>
      mount(name, { [bootstrapFile]: JSON.stringify({ ...bootstrap, nats: { ...bootstrap.nats, url } }) }),
    ca: authority.ca,
    publish: async (generation, changes = {}) => {
      const sealed = seal({ generation, fleetUid, fleetKey: key, operatorKey: operatorKeys.privateKey, ...changes });
      for (const [shard, bytes] of sealed.shards) await bucket.putShard(shard, bytes);
      const put = await bucket.putManifest(sealed.manifest, (await bucket.readManifest())?.revision ?? 0);
      if (put !== 'ok') throw new Error('somebody else writes to this bucket');
    },
    acknowledgement: (node) => latest.find((acknowledgement) => acknowledgement.node === node),
  };
}

type Wanted = Published &
  Required<Pick<Published, 'fleetUid' | 'fleetKey' | 'operatorKey'>> & { readonly generation: number };

/** What the bucket is to hold: shards by key, and the manifest. */
function seal(wanted: Wanted): { readonly shards: ReadonlyMap<string, Uint8Array>; readonly manifest: Uint8Array } {
  const { generation, fleetUid: uid, fleetKey, content = snapshotContent(), issuedAt = Date.now() } = wanted;
  const lying = toShards(wanted.exchanged ?? content);
  const sealed = [...toShards(content)].map(([name, plain]) => {
    const context = { fleetUid: uid, name, key: fleetKey };
    const digest = shardDigest(sealShard(context, plain));
    return { name, digest, bytes: sealShard(context, lying.get(name) ?? plain) };
  });
  const shards = Object.fromEntries(sealed.map(({ name, digest }) => [name, { digest }]));
  const manifest: Manifest = { v: 1, fleetUid: uid, generation, issuedAt, keyId: fleetKey.id, shards };
  return {
    shards: new Map(sealed.map(({ name, digest, bytes }) => [configKeys.shard(name, digest), bytes])),
    manifest: signManifest(wanted.manifest?.(manifest) ?? manifest, wanted.operatorKey),
  };
}
