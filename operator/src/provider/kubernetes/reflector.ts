// Keeps a store equal to one collection of the API server: list, then watch from there, for ever.
// It survives what the stock informer does not: 410, error events, 5xx, 429 with Retry-After, resets, silence, restarts.
// Decides when to list and when to watch on; knows nothing of what the objects mean.
import type { Backoff } from '../../backoff.ts';
import type { Api, ApiCall, ApiFailure } from './http.ts';
import { list } from './list.ts';
import type { Store, Stored } from './store.ts';
import { watch, type WatchEvent } from './watch.ts';

export type ReflectorEvents = {
  /** The store has changed. */
  changed(): void;
  /** A request failed; `retryMs` from now comes the next. */
  failed(failure: ApiFailure, retryMs: number): void;
  /** It works (again). */
  recovered(): void;
};

export type ReflectorOptions<T extends Stored> = {
  readonly api: Api;
  /** The collection: path and selectors. */
  readonly call: ApiCall;
  /** Asks for names, labels and versions instead of whole objects. */
  readonly metadataOnly?: boolean;
  readonly store: Store<T>;
  readonly clean: (raw: unknown) => T;
  readonly events: ReflectorEvents;
  readonly backoff: Backoff;
  /** In [0, 1). */
  readonly random: () => number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly signal: AbortSignal;
};

/** A watch that lasted this long was a good one: the next failure starts the back-off anew. */
const steadyMs = 10_000;

/** Runs until the signal aborts. `synced` resolves when the store is complete for the first time. */
export function reflect<T extends Stored>(
  options: ReflectorOptions<T>,
): { synced: Promise<void>; ended: Promise<void> } {
  const synced = Promise.withResolvers<void>();
  return { synced: synced.promise, ended: run(options, synced.resolve) };
}

async function run<T extends Stored>(options: ReflectorOptions<T>, onSynced: () => void): Promise<void> {
  const { signal, events, backoff } = options;
  let version: string | undefined;
  let unsteady = 0;
  while (!signal.aborted) {
    const listing = version === undefined;
    const step = version === undefined ? await listInto(options) : await watchInto(options, version);
    version = step.version;
    if (step.outcome === 'Failed') {
      await pause(options, step.failure);
      continue;
    }
    if (listing) {
      events.recovered();
      onSynced();
    } else if (step.outcome === 'Steady') {
      unsteady = 0;
      backoff.reset();
    } else if (++unsteady > 1) await pause(options); // once is a restarted server, twice in a row is a loop
  }
}

/** `version`: where to watch on; undefined: list anew. */
type Step =
  | { readonly outcome: 'Steady' | 'Unsteady'; readonly version: string | undefined }
  | { readonly outcome: 'Failed'; readonly version: string | undefined; readonly failure: ApiFailure };

async function listInto<T extends Stored>(options: ReflectorOptions<T>): Promise<Step> {
  const { api, call, store, clean, events, signal } = options;
  const listed = await list(api, { ...call, ...accept(options, 'PartialObjectMetadataList'), signal });
  if (!listed.ok) return { outcome: 'Failed', version: undefined, failure: listed.failure };
  if (store.replace(listed.items.map(clean))) events.changed();
  return { outcome: 'Steady', version: listed.resourceVersion };
}

async function watchInto<T extends Stored>(options: ReflectorOptions<T>, from: string): Promise<Step> {
  const { api, call, events, random, signal, monotonic } = options;
  const started = monotonic();
  let version = from;
  let seen = 0;
  const query = {
    ...call.query,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: from,
    timeoutSeconds: String(Math.round(300 + 300 * random())), // spread, so that watches do not all end together
  };
  const end = await watch(
    api,
    { ...call, query, signal },
    {
      opened: () => events.recovered(),
      event(event) {
        version = versionOf(event) ?? version;
        seen += 1;
        if (take(options, event)) events.changed();
      },
    },
  );
  const steady = seen > 0 || monotonic() - started > steadyMs;
  const outcome = steady ? 'Steady' : 'Unsteady';
  if (end.kind === 'Gone') return { outcome, version: undefined };
  if (end.kind === 'Failed' && !steady) return { outcome: 'Failed', version, failure: end.failure };
  return { outcome, version };
}

/** A list and a watch are asked for by different names, and the wrong one ends a watch at its first event. */
function accept<T extends Stored>({ metadataOnly }: ReflectorOptions<T>, as: string): Pick<ApiCall, 'accept'> {
  return metadataOnly === true ? { accept: `application/json;as=${as};g=meta.k8s.io;v=v1` } : {};
}

async function pause<T extends Stored>(options: ReflectorOptions<T>, failure?: ApiFailure): Promise<void> {
  const { backoff, events, signal } = options;
  if (signal.aborted) return;
  const ms = failure?.retryAfterMs ?? backoff.next(); // what the server asks for, where it asks
  if (failure) events.failed(failure, ms);
  await options.sleep(ms, signal);
}

function take<T extends Stored>({ store, clean }: ReflectorOptions<T>, event: WatchEvent): boolean {
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
      return store.put(clean(event.object));
    case 'DELETED':
      return store.remove(clean(event.object));
    case 'BOOKMARK':
      return false;
  }
}

function versionOf({ object }: WatchEvent): string | undefined {
  return (object as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;
}
