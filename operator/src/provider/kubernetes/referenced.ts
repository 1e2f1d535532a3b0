// Secrets that people made and objects name: known by their metadata only, until one is named; then that one is read.
// The content of no other Secret ever reaches this process.
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { parseRefKey } from '@relayfleet/contract/object-ref.ts';
import type { Api, ApiFailure } from './http.ts';
import { cleaned, objectPath, resources } from './resources.ts';
import type { Store, Stored } from './store.ts';

export type ReferencedSecrets = {
  /** By `namespace/name`; an unchanged Secret stays the same object. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Reads what is named and new, forgets what is no longer named; returns whether anything changed. Failures stay open. */
  update(named: ReadonlySet<string>): Promise<{ readonly changed: boolean; readonly failures: readonly ApiFailure[] }>;
};

const concurrency = 8;

export function createReferencedSecrets(api: Api, metadata: Pick<Store<Stored>, 'get'>): ReferencedSecrets {
  const secrets = new Map<string, Secret>();

  async function fetch(key: string): Promise<ApiFailure | undefined> {
    const ref = parseRefKey(key);
    if (!ref) return undefined;
    const answer = await api.request({ path: objectPath(resources.Secret, ref) });
    if (answer.ok) secrets.set(key, withData(cleaned<Secret>(resources.Secret, answer.object)));
    else if (answer.failure.status === 404) secrets.delete(key);
    else return answer.failure;
    return undefined;
  }

  return {
    secrets,
    async update(named) {
      let changed = false;
      for (const key of secrets.keys())
        if (!named.has(key) || metadata.get(key) === undefined) changed = secrets.delete(key) || changed;
      const stale = [...named].filter((key) => isStale(metadata.get(key), secrets.get(key)));
      const failures: ApiFailure[] = [];
      for (let start = 0; start < stale.length; start += concurrency) {
        const results = await Promise.all(stale.slice(start, start + concurrency).map(fetch));
        failures.push(...results.filter((failure) => failure !== undefined));
      }
      return { changed: changed || stale.length > failures.length, failures };
    },
  };
}

function isStale(known: Stored | undefined, held: Secret | undefined): boolean {
  if (known === undefined) return false;
  const { uid, resourceVersion } = known.metadata;
  return held === undefined || held.metadata.uid !== uid || held.metadata.resourceVersion !== resourceVersion;
}

/** A Secret without content has no `data` at all. */
export function withData(secret: Secret): Secret {
  return { ...secret, data: (secret as Partial<Secret>).data ?? {} };
}
