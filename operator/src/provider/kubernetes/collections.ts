// Everything the operator watches, as live stores: the three kinds, namespaces, the Secrets it owns, and of all other Secrets
// the metadata only. Decides what is asked of the API server and who hears of failures; each reflector keeps its own store.
import type { Namespace, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { createBackoff } from '../../backoff.ts';
import { managedByRelayfleet, ownedLabels } from '../../owned-secrets.ts';
import { explain } from './failure.ts';
import type { Api } from './http.ts';
import { withData } from './referenced.ts';
import { reflect, type ReflectorEvents, type ReflectorOptions } from './reflector.ts';
import { cleaned, collectionPath, resources, type Resource } from './resources.ts';
import { createStore, type Store, type Stored } from './store.ts';

export type Collections = {
  readonly fleets: Store<RelayFleet>;
  readonly domains: Store<RelayDomain>;
  readonly platforms: Store<SenderPlatform>;
  readonly namespaces: Store<Namespace>;
  readonly ownedSecrets: Store<Secret>;
  readonly otherSecrets: Store<Stored>;
  /** Resolves when all of them are complete. */
  start(): Promise<void>;
  /** What keeps which collection from being up to date. */
  problems(): readonly string[];
  /** Resolves when all requests have ended, after the signal. */
  readonly ended: () => Promise<void>;
};

export type CollectionEvents = {
  changed(): void;
  /** Said once per problem and collection. */
  watchFailed(collection: string, problem: string): void;
  watchRecovered(collection: string): void;
};

export type CollectionsOptions = Pick<ReflectorOptions<Stored>, 'api' | 'random' | 'sleep' | 'monotonic' | 'signal'> & {
  readonly api: Api;
  readonly events: CollectionEvents;
};

const ours = `${ownedLabels.managedBy}=${managedByRelayfleet}`;
const notOurs = `${ownedLabels.managedBy}!=${managedByRelayfleet}`;

export function createCollections(options: CollectionsOptions): Collections {
  const failing = new Map<string, string>();
  const begins: (() => { synced: Promise<void>; ended: Promise<void> })[] = [];
  let reflectors: { synced: Promise<void>; ended: Promise<void> }[] = [];

  type Source<T> = {
    readonly name?: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly metadataOnly?: boolean;
    readonly clean?: (raw: unknown) => T;
  };

  function collection<T extends Stored>(resource: Resource, source: Source<T> = {}): Store<T> {
    const store = createStore<T>();
    const name = source.name ?? resource.plural;
    begins.push(() =>
      reflect({
        ...options,
        store,
        call: { path: collectionPath(resource), ...(source.query ? { query: source.query } : {}) },
        metadataOnly: source.metadataOnly ?? false,
        clean: source.clean ?? ((raw) => cleaned<T>(resource, raw)),
        backoff: createBackoff({ baseMs: 800, maxMs: 30_000, random: options.random }),
        events: reporting(name, resource, failing, options.events),
      }),
    );
    return store;
  }

  return {
    fleets: collection(resources.RelayFleet),
    domains: collection(resources.RelayDomain),
    platforms: collection(resources.SenderPlatform),
    namespaces: collection(resources.Namespace),
    ownedSecrets: collection(resources.Secret, {
      name: 'secrets (own)',
      query: { labelSelector: ours },
      clean: (raw) => withData(cleaned<Secret>(resources.Secret, raw)),
    }),
    otherSecrets: collection(resources.Secret, {
      name: 'secrets (metadata)',
      query: { labelSelector: notOurs },
      metadataOnly: true,
      clean: identityOf,
    }),
    async start() {
      reflectors = begins.map((begin) => begin());
      await Promise.all(reflectors.map(({ synced }) => synced));
    },
    problems: () => [...new Set(failing.values())],
    ended: async () => void (await Promise.all(reflectors.map(({ ended }) => ended))),
  };
}

/** Nothing but what tells one version of an object from another. */
function identityOf(raw: unknown): Stored {
  const { name, namespace, uid, resourceVersion } = (raw as Stored).metadata;
  return {
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    },
  };
}

function reporting(
  name: string,
  resource: Resource,
  failing: Map<string, string>,
  events: CollectionEvents,
): ReflectorEvents {
  return {
    changed: () => events.changed(),
    failed(failure) {
      const problem = explain(resource, failure);
      if (failing.get(name) !== problem) events.watchFailed(name, problem);
      failing.set(name, problem);
    },
    recovered() {
      if (failing.delete(name)) events.watchRecovered(name);
    },
  };
}
