// A relay node as its own process, with a configuration published by hand: no operator, so that a test says what the bucket holds.
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealShard, shardDigest, signManifest, type FleetKey, type Manifest } from '@relayfleet/contract/seal.ts';
import { toShards, type SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import { configKeys } from '@relayfleet/contract/subjects.ts';
import { openConfigPublisher } from '@relayfleet/jetstream/config-bucket.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { makeCertificate, writeCertificate } from './certificate.ts';
import type { NatsServer } from './nats.ts';
import { freePort } from './ports.ts';

const root = join(import.meta.dirname, '../..');
const fleetUid = 'fleet-uid';

/** The operator's part, by hand. */
export type HandPublisher = {
  readonly bootstrap: object;
  /** Seals, signs and puts a snapshot. `signer` other than the operator's makes a forgery. */
  publish(
    content: SnapshotContent,
    changes: Partial<Manifest> & Pick<Manifest, 'generation'>,
    signer?: KeyObject,
  ): Promise<void>;
};

export function handPublisher(operator: Nats, nats: NatsServer): HandPublisher {
  const keys = generateKeyPairSync('ed25519');
  const fleetKey: FleetKey = { id: 'key-1', key: randomBytes(32) };
  const publisher = openConfigPublisher(operator);
  const { url, users } = nats;
  return {
    bootstrap: {
      v: 1,
      fleet: { namespace: 'relayfleet-system', name: 'default' },
      fleetUid,
      fleetKeys: [{ id: fleetKey.id, key: Buffer.from(fleetKey.key).toString('base64') }],
      operatorKeys: [keys.publicKey.export({ type: 'spki', format: 'pem' })],
      nats: { url, ...users.node },
    },
    async publish(content, changes, signer = keys.privateKey) {
      const shards: Record<string, { digest: string }> = {};
      for (const [name, plain] of toShards(content)) {
        const sealed = sealShard({ fleetUid, name, key: fleetKey }, plain);
        shards[name] = { digest: shardDigest(sealed) };
        await publisher.putShard(configKeys.shard(name, shardDigest(sealed)), sealed);
      }
      const manifest = { v: 1, fleetUid, issuedAt: Date.now(), keyId: fleetKey.id, shards, ...changes } as const;
      const held = await publisher.readManifest();
      await publisher.putManifest(signManifest(manifest, signer), held?.revision ?? 0);
    },
  };
}

export type NodeProcess = {
  readonly child: ChildProcess;
  readonly implicitPort: number;
  readonly startTlsPort: number;
  /** JSON lines so far. */
  log(): readonly Readonly<Record<string, unknown>>[];
  get(path: '/metrics' | '/healthz' | '/readyz'): Promise<{ readonly status: number; readonly text: string }>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
};

export async function startNodeProcess(
  bootstrap: object,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'relayfleet-node-'));
  await mkdir(join(directory, 'bootstrap'));
  await writeFile(join(directory, 'bootstrap/bootstrap.json'), JSON.stringify(bootstrap), { mode: 0o600 });
  await writeCertificate(join(directory, 'tls'), makeCertificate());
  const [implicitPort, startTlsPort, telemetry] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(root, 'relay-node/src/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      RELAYFLEET_NODE_NAME: 'node-0',
      RELAYFLEET_BOOTSTRAP_DIR: join(directory, 'bootstrap'),
      RELAYFLEET_TLS_DIR: join(directory, 'tls'),
      RELAYFLEET_LISTENERS: `implicit:127.0.0.1:${implicitPort},starttls:127.0.0.1:${startTlsPort}`,
      RELAYFLEET_TELEMETRY: `127.0.0.1:${telemetry}`,
      ...env,
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const exited = once(child, 'exit').then(() => rm(directory, { recursive: true, force: true }));
  return {
    child,
    implicitPort,
    startTlsPort,
    log: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async get(path) {
      const response = await fetch(`http://127.0.0.1:${telemetry}${path}`);
      return { status: response.status, text: await response.text() };
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}
