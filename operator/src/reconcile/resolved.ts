// What the custom resources come to once bindings are judged and Secrets are read: the value between deciding and building.
// Only shapes; reconcile/ fills them, snapshot/, desired/ and status/ read them.
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import type { ConditionReason } from '@relayfleet/contract/conditions.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Route, SecretHash, SignerKey } from '@relayfleet/contract/snapshot.ts';
import type { CertificateAuthority, HashRequest, MintRequest } from '../plan.ts';

/** Why something is not as asked, in the words of a condition. */
export type Refusal = { readonly reason: ConditionReason; readonly message: string };

/** Stopped by its owner or an incident tool, with the reason given; null while it runs. */
export type Suspension = { readonly reason: string } | null;

/** A part of the configuration that comes out of Secrets. `pending` is being made; `unusable`: a Secret is missing or damaged. */
export type Resolved<T> =
  { readonly state: 'usable'; readonly value: T } | { readonly state: 'pending' } | { readonly state: 'unusable' };

export type Credentials = { readonly username: string; readonly password: string };

export type FleetKeys = {
  readonly fleetKey: { readonly id: string; readonly key: string /* base64 */ };
  readonly operatorKey: string;
  readonly operatorPublicKey: string;
  readonly authority: CertificateAuthority;
};

export type FleetNats = {
  readonly url: string;
  readonly operator: Credentials;
  /** Absent while the nodes' Secret is unusable: they keep the bootstrap they have. */
  readonly node: Credentials | undefined;
  readonly ca: string | undefined;
};

export type ResolvedFleet = {
  readonly ref: ObjectRef;
  readonly object: RelayFleet;
  readonly suspended: Suspension;
  /** Why it is not accepted. */
  readonly refusal: Refusal | undefined;
  /** What does not resolve. */
  readonly problems: readonly Refusal[];
  readonly nats: FleetNats | undefined;
  readonly keys: FleetKeys | undefined;
  /** Certificate authority clients verify the listeners against, PEM; undefined when it is a public one. */
  readonly listenerCa: Resolved<string | undefined>;
  readonly mint: readonly MintRequest[];
  /** When the listener certificate is due for renewal, in milliseconds. */
  readonly renewAt: number | undefined;
};

export type FleetBinding = { readonly fleet: ObjectRef; readonly refusal: Refusal | undefined };

/** A key in use or to be published; `publicKey` is the value of `p=`. */
export type DomainKey = {
  readonly selector: string;
  readonly algorithm: string;
  readonly keyType: 'rsa' | 'ed25519';
  readonly publicKey: string;
  readonly secretName: string;
};

export type ResolvedDomain = {
  readonly ref: ObjectRef;
  readonly object: RelayDomain;
  /** Being deleted, and held for as long as mail of it waits. */
  readonly leaving: boolean;
  readonly suspended: Suspension;
  /** One for every fleet named, in the order of the spec. */
  readonly bindings: readonly FleetBinding[];
  readonly problems: readonly Refusal[];
  readonly signers: Resolved<readonly SignerKey[]>;
  readonly routes: Resolved<readonly Route[]>;
  readonly keys: readonly DomainKey[];
  readonly mint: readonly MintRequest[];
};

export type DomainBinding = {
  readonly ref: ObjectRef;
  /** Undefined when the RelayDomain does not exist. */
  readonly domain: ResolvedDomain | undefined;
  readonly from: readonly string[];
  readonly refusal: Refusal | undefined;
};

/** How a platform proves who it is. `password` is for its binding Secret only; `from` is the Secret people chose it in. */
export type PlatformSecret = { readonly password: string; readonly hash: SecretHash; readonly from?: ObjectRef };

export type ResolvedPlatform = {
  readonly ref: ObjectRef;
  readonly object: SenderPlatform;
  /** As of a domain. All its bindings are refused. */
  readonly leaving: boolean;
  readonly username: string;
  readonly suspended: Suspension;
  readonly bindings: readonly DomainBinding[];
  readonly problems: readonly Refusal[];
  readonly secret: Resolved<PlatformSecret>;
  readonly mint: readonly MintRequest[];
  readonly hash: readonly HashRequest[];
};
