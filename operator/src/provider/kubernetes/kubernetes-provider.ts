// The provider for a cluster: objects come from list and watch; Secrets, statuses and finalizers go back.
// What is written is in the store as soon as the API server has answered, so that no decision is made twice for want of an echo.
import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { generationAnnotation } from '../../owned-secrets.ts';
import type { WantedFinalizer, WantedSecret, WantedStatus } from '../../plan.ts';
import type { Observed, Provider, Written } from '../provider.ts';
import { referencedSecrets } from '../referenced-secrets.ts';
import { applyAnnotations, applyFinalizer, applySecret, applyStatus, removeFinalizer } from './apply.ts';
import { createCollections, type CollectionEvents, type Collections } from './collections.ts';
import { explain } from './failure.ts';
import type { Api, ApiAnswer } from './http.ts';
import { createReferencedSecrets, withData } from './referenced.ts';
import { cleaned, objectPath, resources } from './resources.ts';
import type { Store, Stored } from './store.ts';

export type KubernetesProviderOptions = {
  readonly api: Api;
  readonly events: Omit<CollectionEvents, 'changed'>;
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly monotonic: () => number;
};

const refetchMs = 1_000;

export function createKubernetesProvider(options: KubernetesProviderOptions): Provider {
  const { api, events, sleep } = options;
  const stop = new AbortController();
  let onChange: () => void = () => undefined;
  const collections = createCollections({
    ...options,
    signal: stop.signal,
    events: { ...events, changed: () => void refresh() },
  });
  const referenced = createReferencedSecrets(api, collections.otherSecrets);
  const refresh = coalesced(async () => {
    const { failures } = await referenced.update(referencedSecrets(objectsOf(collections)));
    onChange();
    if (failures.length === 0 || stop.signal.aborted) return;
    void sleep(refetchMs, stop.signal).then(refresh);
  });

  const read = (): Observed => ({
    ...objectsOf(collections),
    namespaces: [...collections.namespaces.values()],
    secrets: new Map([...referenced.secrets, ...byKey(collections.ownedSecrets)]),
    otherSecrets: { has: (key) => collections.otherSecrets.get(key) !== undefined },
    invalid: [], // the API server keeps them out
  });

  return {
    async start(listener) {
      await collections.start();
      await refresh();
      onChange = listener;
    },
    read,
    applySecret: (wanted) => writeSecret(api, collections, wanted),
    writeStatus: (wanted) => writeStatus(api, collections, wanted),
    writeFinalizer: (wanted) => writeFinalizer(api, collections, wanted),
    noteGeneration: (ref, generation) => noteGeneration(api, collections, ref, generation),
    problems: () => collections.problems(),
    async close() {
      stop.abort();
      await collections.ended();
      await api.close();
    },
  };
}

function objectsOf({ fleets, domains, platforms }: Collections) {
  return { fleets: [...fleets.values()], domains: [...domains.values()], platforms: [...platforms.values()] };
}

function byKey(store: Store<Secret>): [string, Secret][] {
  return [...store.values()].map((secret) => [refKey(secret.metadata), secret]);
}

async function writeSecret(
  api: Api,
  { ownedSecrets, otherSecrets }: Collections,
  wanted: WantedSecret,
): Promise<Written> {
  const key = refKey(wanted.ref);
  const held = ownedSecrets.get(key);
  if (held && holds(held, wanted)) return { ok: true, changed: false };
  const foreign = {
    ok: false,
    problem: `Secret ${key} exists and was not made by relayfleet: rename or delete it`,
  } as const;
  if (!held) {
    if (otherSecrets.get(key)) return foreign;
    const present = await api.request({ path: objectPath(resources.Secret, wanted.ref) });
    if (present.ok) return foreign; // not in our store: somebody else's, or so new that the next plan will see it
    if (present.failure.status !== 404) return failed('Secret', present);
  }
  return taken(ownedSecrets, 'Secret', await applySecret(api, wanted));
}

async function writeStatus(api: Api, collections: Collections, wanted: WantedStatus): Promise<Written> {
  const store: Store<Stored & { readonly status?: unknown }> = storeOf(collections, wanted.kind);
  const held = store.get(refKey(wanted.ref));
  if (!held || isDeepStrictEqual(held.status, wanted.status)) return { ok: true, changed: false };
  return updated(store, wanted.kind, await applyStatus(api, { wanted, uid: held.metadata.uid ?? '' }));
}

async function writeFinalizer(
  api: Api,
  collections: Collections,
  { kind, ref, uid, release }: WantedFinalizer,
): Promise<Written> {
  const store: Store<Stored> = storeOf(collections, kind);
  const held = store.get(refKey(ref));
  if (held?.metadata.uid !== uid) return { ok: true, changed: false };
  const metadata = held.metadata as ObjectMeta;
  const answer = await (release ? removeFinalizer(api, { kind, metadata }) : applyFinalizer(api, { kind, ref, uid }));
  return updated(store, kind, answer);
}

async function noteGeneration(
  api: Api,
  { ownedSecrets }: Collections,
  ref: ObjectRef,
  generation: number,
): Promise<Written> {
  const uid = ownedSecrets.get(refKey(ref))?.metadata.uid;
  if (uid === undefined) return { ok: false, problem: `Secret ${refKey(ref)} does not exist (any more)` };
  const annotations = { [generationAnnotation]: String(generation) };
  return taken(ownedSecrets, 'Secret', await applyAnnotations(api, { ref, uid }, annotations));
}

function storeOf(collections: Collections, kind: WantedStatus['kind']): Store<Stored> {
  const { fleets, domains, platforms } = collections;
  const stores = { RelayFleet: fleets, RelayDomain: domains, SenderPlatform: platforms };
  return stores[kind] as unknown as Store<Stored>;
}

/** As `taken`, but never brings back what the watch has seen go: the answer may be older than that. */
function updated<T extends Stored>(store: Store<T>, kind: keyof typeof resources, answer: ApiAnswer): Written {
  if (!answer.ok) return failed(kind, answer);
  const object = cleaned<T & { readonly metadata: ObjectMeta }>(resources[kind], answer.object);
  const { deletionTimestamp, finalizers = [], uid } = object.metadata;
  if (deletionTimestamp !== undefined && finalizers.length === 0) store.remove(object);
  else if (store.get(refKey(object.metadata))?.metadata.uid === uid) store.put(object);
  return { ok: true, changed: true };
}

/** Puts the API server's answer into the store. */
function taken<T extends Stored>(store: Store<T>, kind: keyof typeof resources, answer: ApiAnswer): Written {
  if (!answer.ok) return failed(kind, answer);
  const object = cleaned<T>(resources[kind], answer.object);
  store.put(kind === 'Secret' ? (withData(object as unknown as Secret) as unknown as T) : object);
  return { ok: true, changed: true };
}

function failed(kind: keyof typeof resources, answer: Extract<ApiAnswer, { ok: false }>): Written {
  return { ok: false, problem: explain(resources[kind], answer.failure) };
}

/** Whether a Secret is as wanted; what others added to its labels and annotations does not count. */
function holds({ metadata, type, data }: Secret, wanted: WantedSecret): boolean {
  const encoded = Object.entries(wanted.data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return (
    type === wanted.type &&
    isDeepStrictEqual(data, Object.fromEntries(encoded)) &&
    includes(metadata.labels, wanted.labels) &&
    includes(metadata.annotations, wanted.annotations) &&
    (metadata.ownerReferences ?? []).some(({ uid }) => uid === wanted.owner.uid)
  );
}

function includes(held: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => held[name] === value);
}

/** One run at a time; whoever asks during a run gets one more after it. */
function coalesced(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    running = task().finally(() => (running = undefined));
    return running;
  };
  return () => {
    if (!running) return begin();
    next ??= running.then(() => {
      next = undefined;
      return begin();
    });
    return next;
  };
}
