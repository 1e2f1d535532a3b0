// What a relay node finds in its bucket: the manifest and shards, opened with the keys of its bootstrap document.
import { createPublicKey } from 'node:crypto';
import { parseBootstrap } from '@relayfleet/contract/bootstrap.ts';
import { openManifest, openShard, type Manifest as SignedManifest } from '@relayfleet/contract/seal.ts';
import { fromShards, type Snapshot } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import type { ConfigReader } from '@relayfleet/jetstream/config-bucket.ts';

export type Seen = { readonly manifest: SignedManifest; readonly snapshot: Snapshot };

/** `manifest` as it came; undefined when there is nothing a node could take over. Rejects where the shards make no snapshot. */
export async function openBucket(
  bucket: Pick<ConfigReader, 'getShard'>,
  manifest: Uint8Array | undefined,
  bootstrapText: string,
): Promise<Seen | undefined> {
  const bootstrap = parseBootstrap(bootstrapText);
  if (!manifest || !bootstrap.ok) return undefined;
  const { fleetUid, fleetKeys, operatorKeys } = bootstrap.value;
  const opened = openManifest(manifest, operatorKeys.map(createPublicKey));
  const held = fleetKeys.find(({ id }) => opened.ok && id === opened.value.keyId);
  if (!opened.ok || !held) return undefined;
  const key = { id: held.id, key: Buffer.from(held.key, 'base64') };
  const shards = new Map<string, Uint8Array>();
  for (const [name, { digest }] of Object.entries(opened.value.shards)) {
    const sealed = await bucket.getShard(configKeys.shard(name, digest)).catch(() => undefined); // no bucket at the moment
    const plain = sealed && openShard({ fleetUid, name, key }, sealed);
    if (!plain) return undefined; // a newer manifest is on its way
    shards.set(name, plain);
  }
  const snapshot = fromShards(opened.value.generation, shards);
  if (!snapshot.ok) throw new Error(snapshot.problem);
  return { manifest: opened.value, snapshot: snapshot.value };
}
