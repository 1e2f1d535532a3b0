// Everything the operator's decisions depend on, as one value: what people wrote, what Secrets hold, what was observed.
// The shell fills it (provider, NATS, clock); `plan` reads it and nothing else, so the same world always gives the same plan.
// Refuses to know where any of it came from.
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { Namespace, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import type { Condition } from '@relayfleet/contract/conditions.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { SecretHash, SnapshotContent } from '@relayfleet/contract/snapshot.ts';

export type Kind = 'RelayFleet' | 'RelayDomain' | 'SenderPlatform';

export type World = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The RelayFleet of a RelayDomain that names none. */
  readonly defaultFleet: ObjectRef;
  /**
   * Objects as the schema defaulted them, each with its current `status` (transition times are kept from there).
   * Of an object whose newest form is invalid, the last good form; `invalid` names it besides.
   */
  readonly fleets: readonly RelayFleet[];
  readonly domains: readonly RelayDomain[];
  readonly platforms: readonly SenderPlatform[];
  readonly namespaces: readonly Namespace[];
  /**
   * By `namespace/name`: the Secrets named by objects and all that relayfleet owns. `data` only, base64 as in the API;
   * `stringData` is folded in before. An unchanged Secret should be the same JavaScript object in every world: what is read
   * from it is remembered by identity.
   */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Secrets besides those, by `namespace/name`: that they exist is all that is known of them. */
  readonly otherSecrets: Pick<ReadonlySet<string>, 'has'>;
  readonly invalid: readonly InvalidObject[];
  /** By fleet, `namespace/name`; absent until NATS was tried and, where it answered, bucket and acknowledgements were read. */
  readonly observations: ReadonlyMap<string, FleetObservation>;
  /** By fleet, then by listener name: where clients really reach a listener; overrides `hostname:port`. */
  readonly endpoints: ReadonlyMap<string, ReadonlyMap<string, Endpoint>>;
  /** By domain; absent until observed, which permits signing. */
  readonly dns: ReadonlyMap<string, DomainDns>;
  /** By uid of the platform, the last answer to `Plan.hash`. Kept in memory only. */
  readonly passwordHashes: ReadonlyMap<string, PasswordHash>;
};

/** `digest` says of which password, as in the request. */
export type PasswordHash = { readonly digest: string; readonly hash: SecretHash };

/** An object that the schema or its rules refused. */
export type InvalidObject = {
  readonly kind: Kind;
  readonly ref: ObjectRef;
  /** `metadata.generation` of the refused form. */
  readonly generation: number;
  /** One sentence each: the field, what is wrong, what to do. Where it came from a file, the file too. */
  readonly problems: readonly string[];
  /** Conditions in its present status, so that transition times survive although there is no good form. */
  readonly conditions: readonly Condition[];
};

export type Endpoint = { readonly host: string; readonly port: number };

/** What the shell saw of one fleet's NATS. */
export type FleetObservation = {
  /** Reachable and fit (version, streams); `problem` is a sentence for a condition's message, without credentials. */
  readonly nats: { readonly ok: true } | { readonly ok: false; readonly problem: string };
  /** What the configuration bucket holds; absent while it is empty, lost or unreadable. */
  readonly published?: PublishedSnapshot;
  /** The last one of every node, as found in the bucket; the core judges freshness. */
  readonly acknowledgements: readonly Acknowledgement[];
  /** By uid of the object, what `WantedConnection.drains` asks for; one that was not counted yet is absent. */
  readonly drains?: ReadonlyMap<string, DrainObservation>;
};

export type DrainObservation = {
  /** Queue entries of its mail at the last look. */
  readonly entries: number;
  /** Looks in a row that found none, since nobody takes anything new for it; not counted beyond `looksToBelieve`. */
  readonly emptyLooks: number;
};

/** One look may miss a notice on its way from one stream to the other; the next one finds it. */
export const looksToBelieve = 2;

export type PublishedSnapshot = {
  readonly generation: number;
  /** `WantedSnapshot.digest` of the content. */
  readonly digest: string;
  /** When this generation was put, in milliseconds. */
  readonly at: number;
  /** The content itself: its last good values stay in force while a Secret is damaged. */
  readonly content: SnapshotContent;
  /** Per entry its digest and the first generation that carried it so; made by `snapshot/entries.ts` `advanceEntries`. */
  readonly entries: ReadonlyMap<string, EntryVersion>;
};

export type EntryVersion = { readonly digest: string; readonly since: number };

/** What authoritative name servers say about one domain. */
export type DomainDns = {
  /** By owner name (lower case, no trailing dot): TXT strings, joined per record; empty means asked and absent. */
  readonly txt: ReadonlyMap<string, readonly string[]>;
};
