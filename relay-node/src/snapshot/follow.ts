// Holds the configuration this node obeys, and keeps it current: watch the manifest, judge it, open its shards, swap at once.
// Whatever arrives, the last good snapshot stays in force until a better one is whole: forged, older, foreign, stale or unreadable
// ones are refused with a reason that reaches the operator in the acknowledgement. Losing the bucket changes nothing.
import { createPublicKey } from 'node:crypto';
import type { Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import { judgeManifest, openManifest, type Manifest } from '@relayfleet/contract/seal.ts';
import type { Snapshot } from '@relayfleet/contract/snapshot.ts';
import type { ConfigReader } from '@relayfleet/jetstream/config-bucket.ts';
import type { NodeEvents } from '../events.ts';
import type { ConfigRefusal } from '../metrics.ts';
import { keepAcknowledging, type AcknowledgeDeps, type Holding } from './acknowledge.ts';
import { openShards, type OpenShards } from './open-shards.ts';

export type FollowDeps = AcknowledgeDeps & {
  readonly reader: ConfigReader;
  /** Read again for every manifest, so that new keys in the mounted Secret are known. */
  readonly bootstrap: () => Bootstrap;
  readonly onAdopt: (snapshot: Snapshot) => void;
  /** What acknowledgements say of smarthosts; undefined while nobody has looked. */
  readonly missingHosts: () => Holding['missingHosts'];
  readonly events: Pick<
    NodeEvents,
    'configAdopted' | 'configRenewed' | 'configRefused' | 'configMissing' | 'acknowledged'
  >;
};

export type Following = {
  current(): Snapshot | undefined;
  /** Tells the operator now, for when readiness has changed. Never rejects. */
  acknowledge(): Promise<void>;
  /** Stops following and takes the acknowledgement away. Never rejects. */
  stop(): Promise<void>;
};

/** A refused manifest is looked at again where what it lacks may be on its way: its shards, or a bootstrap that fits it. */
const againMs: Partial<Readonly<Record<ConfigRefusal, number>>> = {
  ShardMissing: 2_000,
  // A kubelet renews a mounted Secret after a minute or two, and the operator the manifest only after five.
  BadSignature: 5_000,
  WrongFleet: 5_000,
  UnknownKey: 5_000,
};

type Held = { readonly manifest: Manifest; readonly snapshot: Snapshot; readonly shards: OpenShards };

export function followSnapshot(deps: FollowDeps): Following {
  const { events, later } = deps;
  let held: Held | undefined;
  let problem: Holding['problems'][number] | undefined;
  let cancelRetry = () => {};

  const acknowledging = keepAcknowledging(deps, () => ({
    generation: held?.manifest.generation ?? 0,
    keyIds: deps.bootstrap().fleetKeys.map(({ id }) => id),
    problems: problem ? [problem] : [],
    missingHosts: deps.missingHosts(),
  }));
  const refuse = (reason: ConfigRefusal, message: string) => {
    if (problem?.message !== message) events.configRefused(reason, message);
    problem = { reason, message: message.slice(0, 512) };
  };
  const consider = async (bytes: Uint8Array, isNewest: () => boolean) => {
    const verdict = await weigh(bytes, held, deps).catch(defect);
    if (verdict.kind === 'refused') {
      refuse(verdict.reason, verdict.message);
      const ms = againMs[verdict.reason];
      // Where a newer one waits, this one would come after it, as an older generation: told of although nothing is wrong.
      if (ms !== undefined && isNewest()) cancelRetry = later(ms, () => take(bytes));
    } else {
      problem = undefined;
      held = verdict.held;
      if (verdict.kind === 'adopted') adopt(held);
      events.configRenewed(held.manifest.issuedAt);
    }
    await acknowledging.say();
  };
  const adopt = ({ snapshot }: Held) => {
    deps.onAdopt(snapshot);
    const { generation, domains, platforms } = snapshot;
    events.configAdopted({ generation, domains: domains.size, platforms: platforms.size });
  };
  const take = newestOnly(consider);
  const stopWatching = deps.reader.watchManifest((bytes) => {
    cancelRetry();
    if (bytes === undefined) events.configMissing();
    else take(bytes);
  });
  return {
    current: () => held?.snapshot,
    acknowledge: () => acknowledging.say(),
    async stop() {
      stopWatching();
      cancelRetry();
      await acknowledging.stop();
    },
  };
}

type Verdict =
  | { readonly kind: 'adopted' | 'renewed'; readonly held: Held }
  | { readonly kind: 'refused'; readonly reason: ConfigRefusal; readonly message: string };

/** Signature, then identity and age, then content; the first that fails decides. */
async function weigh(bytes: Uint8Array, held: Held | undefined, deps: FollowDeps): Promise<Verdict> {
  const { fleetUid, operatorKeys, fleetKeys } = deps.bootstrap();
  const opened = openManifest(
    bytes,
    operatorKeys.map((pem) => createPublicKey(pem)),
  );
  if (!opened.ok)
    return refused(opened.problem.startsWith('signature') ? 'BadSignature' : 'NotUnderstood', opened.problem);
  const manifest = opened.value;
  const judgement = judgeManifest(manifest, held?.manifest, { fleetUid, nowMs: deps.now() });
  if (judgement.verdict === 'Refuse') return refused(judgement.reason, judgement.message);
  if (judgement.verdict === 'Renewed' && held) return { kind: 'renewed', held: { ...held, manifest } };
  const shards = await openShards(manifest, {
    getShard: (key) => deps.reader.getShard(key),
    fleetKeys: fleetKeys.map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64') })),
    known: held?.shards ?? new Map(),
  });
  if (!shards.ok) return refused(shards.reason, `generation ${manifest.generation}: ${shards.message}`);
  return { kind: 'adopted', held: { manifest, snapshot: shards.snapshot, shards: shards.shards } };
}

function refused(reason: ConfigRefusal, message: string): Verdict {
  return { kind: 'refused', reason, message };
}

/** A defect in weighing must not stop mail: it counts as a configuration we do not understand. */
function defect(error: Error): Verdict {
  return refused('NotUnderstood', error.message);
}

/** One at a time; of what arrives meanwhile only the newest is worked on. `isNewest`: nothing has. `work` never rejects. */
function newestOnly<T>(work: (item: T, isNewest: () => boolean) => Promise<void>): (item: T) => void {
  let newest: { readonly item: T } | undefined;
  let working = false;
  const run = async () => {
    working = true;
    for (let next = newest; next !== undefined; next = newest) {
      newest = undefined;
      await work(next.item, () => newest === undefined);
    }
    working = false;
  };
  return (item) => {
    newest = { item };
    if (!working) void run();
  };
}
