// The provider for one machine: manifests in directories, everything else in a state directory. It does what an API server,
// its admission and a kubelet would do: identity, validation, status, Secrets mounted as files.
// One look at a time: read the directories, settle what is in force, remember it.
import { join } from 'node:path';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { generationAnnotation } from '../../owned-secrets.ts';
import { finalizerOf, type WantedFinalizer } from '../../plan.ts';
import type { Observed, Provider, Written } from '../provider.ts';
import { createMemory } from './memory.ts';
import { materialise, sweepMounts } from './mounts.ts';
import { contentOf, createSecretFiles, isMounted, mountDirectory } from './secret-files.ts';
import { createScanner, type ScannedDirectory } from './scan-directory.ts';
import { rememberResults, type Validator } from './schema/validate.ts';
import { recordKey, settle, type Refusal, type Settlement } from './settle.ts';
import { createTurns } from './turns.ts';
import { view, type SecretsOfRecords } from './view.ts';
import { lookWhenChanged, type Lookout } from './watch-directory.ts';

export type FileProviderEvents = {
  manifestRefused(refusal: Refusal): void;
  manifestAccepted(refusal: Pick<Refusal, 'file' | 'document'>): void;
  /** The state directory could not be read or written. */
  stateProblem(problem: string): void;
};

export type FileProviderOptions = {
  readonly manifests: readonly string[];
  readonly state: string;
  readonly validator: Validator;
  readonly now: () => number;
  readonly newUid: () => string;
  readonly events: FileProviderEvents;
};

export type FileProvider = Provider & {
  /** Looks at the directories once, now; `start` does so whenever they change. */
  look(): Promise<void>;
};

export function createFileProvider(options: FileProviderOptions): FileProvider {
  const { events } = options;
  const onUnreadable = (path: string, problem: string) => events.stateProblem(`${path} ${problem}`);
  const scanner = createScanner(options.manifests);
  const memory = createMemory(options.state, onUnreadable);
  const owned = createSecretFiles({ ...options, onUnreadable });
  const turns = createTurns();
  const reporter = createReporter(events);
  const cache: SecretsOfRecords = new WeakMap();
  const seenFiles = new Set<string>();
  const validator = rememberResults(options.validator);
  let lastScan: readonly ScannedDirectory[] | undefined;
  let settled: Settlement = { records: new Map(), refusals: [], absent: new Map() };
  let certificatesNamed: string | undefined;
  let lookout: Lookout | undefined;
  let onChange: () => void = () => undefined;

  const read = (): Observed => view(settled, memory.statuses, owned.secrets, cache);

  async function look(): Promise<void> {
    const before = settled;
    const scan = (await scanner.scan()).map((directory) => doubtEmpty(directory, seenFiles, before));
    if (!sameScan(lastScan, scan) || before.absent.size > 0)
      settled = settle(scan, before, { validator, now: options.now(), newUid: options.newUid });
    lastScan = scan;
    const secretsChanged = await owned.look();
    await reporter.attempt('state', async () => {
      await memory.keep(settled.records);
      await memory.putProblems(settled.refusals);
      const refused = new Set(settled.refusals.map(({ about }) => about && recordKey(about.kind, about.ref)));
      await memory.sweepStatuses((key) => settled.records.has(key) || refused.has(key));
      await removeOrphans();
      await mountCertificates();
    });
    const refusalsChanged = reporter.refusals(settled.refusals);
    if (secretsChanged || refusalsChanged || !sameRecords(before, settled)) onChange();
  }

  async function writeFinalizer({ kind, ref, uid, release }: WantedFinalizer): Promise<boolean> {
    const key = recordKey(kind, ref);
    const record = settled.records.get(key);
    if (record?.uid !== uid) return false;
    const others = (record.finalizers ?? []).filter((finalizer) => finalizer !== finalizerOf[kind]);
    const finalizers = release ? others : [...others, finalizerOf[kind]];
    settled = { ...settled, records: new Map([...settled.records, [key, { ...record, finalizers }]]) };
    await memory.keep(settled.records);
    lastScan = undefined; // what was held may go, and what was waiting behind it may come
    if (release) await look();
    return true;
  }

  /** What a cluster's garbage collector does: a Secret goes with its owner. */
  async function removeOrphans(): Promise<void> {
    for (const secret of owned.secrets.values()) {
      const { namespace, name, ownerReferences } = secret.metadata;
      const owner = ownerReferences?.[0];
      if (owner && !settled.records.has(recordKey(owner.kind, { namespace, name: owner.name })))
        await owned.remove({ namespace, name });
    }
  }

  /**
   * Certificates that fleets bring along are mounted like those the operator makes, until no fleet names them. One whose Secret
   * is missing stays mounted: it is the last good one.
   */
  async function mountCertificates(): Promise<void> {
    const { fleets, secrets } = read();
    const refs = fleets.flatMap(certificateRef);
    for (const ref of refs) {
      const secret: Secret | undefined = secrets.get(refKey(ref));
      if (secret) await materialise(mountDirectory(options.state, ref), contentOf(secret), options.newUid());
    }
    const named = refs.map(refKey).toSorted().join();
    if (named === certificatesNamed) return;
    const ours = [...owned.secrets.values()].filter(isMounted).map(({ metadata }) => refKey(metadata));
    await sweepMounts(join(options.state, 'mounts'), new Set([...ours, ...refs.map(refKey)]));
    certificatesNamed = named;
  }

  return {
    look: () => turns.alone(look),
    async start(listener) {
      settled = { ...settled, records: await memory.load() };
      await turns.alone(look);
      onChange = listener;
      const again = () => turns.alone(() => reporter.attempt('look', look));
      lookout = lookWhenChanged([...options.manifests, join(options.state, 'secrets')], again);
    },
    read,
    applySecret: (wanted) =>
      turns.beside(`Secret ${refKey(wanted.ref)}`, () =>
        written(async () => {
          if (settled.records.has(recordKey('Secret', wanted.ref)))
            throw new Error(
              `Secret ${refKey(wanted.ref)} is in the manifests, but the name is one relayfleet writes to; rename it`,
            );
          const before = owned.secrets.get(refKey(wanted.ref));
          await owned.apply(wanted);
          return owned.secrets.get(refKey(wanted.ref)) !== before;
        }),
      ),
    writeStatus: (wanted) =>
      turns.beside(recordKey(wanted.kind, wanted.ref), () => written(() => memory.putStatus(wanted))),
    writeFinalizer: (wanted) => turns.alone(() => written(() => writeFinalizer(wanted))),
    noteGeneration: (ref, generation) =>
      turns.beside(`Secret ${refKey(ref)}`, () =>
        written(async () => {
          await owned.annotate(ref, { [generationAnnotation]: String(generation) });
          return true;
        }),
      ),
    problems: () => reporter.problems(),
    async close() {
      lookout?.close();
      await turns.alone(async () => undefined);
    },
  };
}

/**
 * At the start a directory without manifests is more likely one that is not mounted yet than one somebody emptied, and taking it
 * at its word would throw every key away. Once it has held a file in this run, emptying it means what it says.
 */
function doubtEmpty(directory: ScannedDirectory, seen: Set<string>, { records }: Settlement): ScannedDirectory {
  if (directory.files.length > 0) seen.add(directory.path);
  if (directory.files.length > 0 || seen.has(directory.path) || directory.problem !== undefined) return directory;
  const count = [...records.values()].filter(({ file }) => file.startsWith(`${directory.path}/`)).length;
  if (count === 0) return directory;
  const problem = `holds no manifest although ${count} objects in force came from it; they stay in force until a manifest is there`;
  return { ...directory, problem };
}

function certificateRef({ metadata: { namespace }, spec }: RelayFleet): ObjectRef[] {
  return spec.tls.certificateRef ? [{ namespace, name: spec.tls.certificateRef.name }] : [];
}

function sameScan(before: readonly ScannedDirectory[] | undefined, now: readonly ScannedDirectory[]): boolean {
  return (
    before?.length === now.length &&
    now.every(({ problem, files }, index) => {
      const former = before[index];
      return (
        problem === former?.problem &&
        files.length === former?.files.length &&
        files.every((file, at) => file === former.files[at])
      );
    })
  );
}

function sameRecords(a: Settlement, b: Settlement): boolean {
  if (a === b) return true;
  return a.records.size === b.records.size && [...a.records].every(([key, record]) => b.records.get(key) === record);
}

async function written(write: () => Promise<boolean>): Promise<Written> {
  try {
    return { ok: true, changed: await write() };
  } catch (cause) {
    return { ok: false, problem: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Says each thing once: when it begins and when it is over. */
function createReporter(events: FileProviderEvents) {
  const refused = new Map<string, Refusal>();
  const failing = new Map<string, string>();
  return {
    refusals(now: readonly Refusal[]): boolean {
      const current = new Map(now.map((refusal) => [JSON.stringify(refusal), refusal]));
      const begun = [...current].filter(([key]) => !refused.has(key));
      const over = [...refused].filter(([key]) => !current.has(key));
      for (const [key, refusal] of begun) {
        refused.set(key, refusal);
        events.manifestRefused(refusal);
      }
      for (const [key, refusal] of over) {
        refused.delete(key);
        const again = now.some(({ file, document }) => file === refusal.file && document === refusal.document);
        if (!again) events.manifestAccepted(refusal);
      }
      return begun.length + over.length > 0;
    },
    /** Runs a step that may fail on a bad disk; the next look tries again. */
    async attempt(step: string, task: () => Promise<void>): Promise<void> {
      try {
        await task();
        failing.delete(step);
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        if (failing.get(step) !== problem) events.stateProblem(problem);
        failing.set(step, problem);
      }
    },
    problems: () => [...failing.values()],
  };
}
