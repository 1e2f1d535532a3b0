// Everything the operator wants done, as one value: the answer of `plan(world)` (plan-world.ts).
// The shell carries it out and decides nothing. Order: hash and mint (then put the results into the world and plan again),
// apply Secrets, connect, publish, write statuses. Doing all of it twice changes nothing.
import type { RelayDomainStatus } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleetStatus } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatformStatus } from '@relayfleet/contract/api/sender-platform.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { FleetKey } from '@relayfleet/contract/seal.ts';
import type { SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import type { StreamSizing } from '@relayfleet/contract/stream-settings.ts';
import type { Kind } from './world.ts';

export type Plan = {
  /** Secrets that need randomness: `mint/mint.ts` `mint(request, …)` makes them. Applied at once, whatever else fails. */
  readonly mint: readonly MintRequest[];
  /** Passwords that people chose and whose slow hash is not known yet: `mint/password.ts` `hashPassword(request)`, then plan again. */
  readonly hash: readonly HashRequest[];
  /** Secrets to hold exactly this. A Secret that is not listed is left alone. */
  readonly secrets: readonly WantedSecret[];
  /** Finalizers to set, and to take away from objects that may go now. */
  readonly finalizers: readonly WantedFinalizer[];
  /** Fleets to be connected to; a connection that is not listed is closed. */
  readonly connections: readonly WantedConnection[];
  /** What each fleet's bucket should hold. A fleet that is not listed keeps what it has. */
  readonly snapshots: readonly WantedSnapshot[];
  /**
   * Complete statuses, transition times included: write those that differ from the stored one. An object that waits for the
   * first observation of a fleet is not listed and keeps the status it has, so that a restart changes no condition.
   */
  readonly statuses: readonly WantedStatus[];
  /** When the plan would change by time alone (a silent node, a certificate to renew), in milliseconds; plan again then. */
  readonly recheckAt: number | undefined;
};

export type Owner = { readonly kind: Kind; readonly name: string; readonly uid: string };

/** A Secret relayfleet owns. In its owner's namespace, so that deletion takes it along. */
export type WantedSecret = {
  readonly ref: ObjectRef;
  readonly type: 'Opaque' | 'servicebinding.io/smtp' | 'kubernetes.io/tls';
  readonly owner: Owner;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Plain text; the provider encodes it. */
  readonly data: Readonly<Record<string, string>>;
};

/** `secret` is the Secret as it should be but for what is to be made, earlier keys included. */
export type MintRequest =
  | { readonly kind: 'DkimKeys'; readonly secret: WantedSecret; readonly keys: readonly DkimKeyRequest[] }
  | { readonly kind: 'PlatformPassword'; readonly secret: WantedSecret }
  | { readonly kind: 'FleetKeys'; readonly secret: WantedSecret; readonly fleet: ObjectRef }
  | {
      readonly kind: 'ListenerCertificate';
      readonly secret: WantedSecret;
      /** DNS names and IP addresses, the first one is the common name. */
      readonly names: readonly string[];
      readonly authority: CertificateAuthority;
    };

export type DkimAlgorithm = 'RSA2048' | 'Ed25519';
export type DkimKeyRequest = { readonly selector: string; readonly algorithm: DkimAlgorithm };

/** PEM: the certificate and its PKCS #8 key. */
export type CertificateAuthority = { readonly certificate: string; readonly key: string };

/** A slow hash to compute: `hashChosen(password, salt)` of contract/secret-hash.ts, with everything that decides the result. */
export type HashRequest = {
  readonly platform: ObjectRef;
  /** Of the platform: where the answer goes in `World.passwordHashes`. */
  readonly uid: string;
  /** SHA-256 of the password, for that answer. Unsalted, and so to be guessed from: for no log. */
  readonly digest: string;
  readonly password: string;
  /** Base64. */
  readonly salt: string;
};

export type NatsAccount = {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** PEM bundle the server's certificate must chain to. */
  readonly ca?: string;
};

export type WantedConnection = {
  readonly fleet: ObjectRef;
  /** Undefined while its Secrets cannot be read: a connection that is open stays in use, none is opened. */
  readonly account: NatsAccount | undefined;
  readonly sizing: StreamSizing;
  /** Objects being deleted whose mail there is to be looked after. */
  readonly drains: readonly WantedDrain[];
};

/** Mail of a RelayDomain or SenderPlatform that is being deleted: counted, and dropped if that was asked for. */
export type WantedDrain = {
  readonly kind: Exclude<Kind, 'RelayFleet'>;
  readonly uid: string;
  readonly filter: { readonly domain: string } | { readonly platform: ObjectRef };
  /** No node takes anything new for it: once its queue is empty, it stays so. */
  readonly closed: boolean;
  readonly drop: boolean;
};

/** Keeps a RelayFleet that is being deleted until its nodes were told. */
export const withdrawFinalizer = 'relayfleet.io/withdraw';
/** Keeps a RelayDomain or SenderPlatform that is being deleted, and its Secrets, until its mail has left. */
export const drainFinalizer = 'relayfleet.io/drain';
export const finalizerOf = {
  RelayFleet: withdrawFinalizer,
  RelayDomain: drainFinalizer,
  SenderPlatform: drainFinalizer,
} as const satisfies Readonly<Record<Kind, string>>;

export type WantedFinalizer = {
  readonly kind: Kind;
  readonly ref: ObjectRef;
  readonly uid: string;
  /** Undefined: to be set. */
  readonly release: Release | undefined;
};

/** Why a deleted object may go; `problem` is what was not done, in words for a log. */
export type Release =
  /** Of fleets. */
  | { readonly how: 'NothingPublished' }
  | { readonly how: 'Withdrawn' }
  | { readonly how: 'GivenUp'; readonly problem: string }
  /** Of domains and platforms. */
  | { readonly how: 'NoFleet' }
  | { readonly how: 'Drained' }
  | { readonly how: 'Dropped' }
  /** `entries`: left in the queues; undefined where not all of them could be looked at. */
  | { readonly how: 'Abandoned'; readonly problem: string; readonly entries: number | undefined };

export type WantedSnapshot = {
  readonly fleet: ObjectRef;
  readonly fleetUid: string;
  readonly content: SnapshotContent;
  /** SHA-256 over all entries, hex: equal content has an equal digest in every order of its parts. */
  readonly digest: string;
  /** Entry -> SHA-256: feed it to `advanceEntries` when the snapshot is published. */
  readonly entries: ReadonlyMap<string, string>;
  readonly seal: { readonly fleetKey: FleetKey; /** PKCS #8, PEM, Ed25519. */ readonly operatorKey: string };
  /** Highest generation known from the API and the nodes: the next must exceed this and what the bucket holds. */
  readonly generationFloor: number;
  /** Where the high-water mark is noted besides the status, under the annotation `relayfleet.io/generation`. */
  readonly keysSecret: ObjectRef;
};

export type WantedStatus =
  | { readonly kind: 'RelayFleet'; readonly ref: ObjectRef; readonly status: RelayFleetStatus }
  | { readonly kind: 'RelayDomain'; readonly ref: ObjectRef; readonly status: RelayDomainStatus }
  | { readonly kind: 'SenderPlatform'; readonly ref: ObjectRef; readonly status: SenderPlatformStatus };
