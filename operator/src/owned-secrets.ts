// The Secrets relayfleet makes: their names, labels and data keys, spelled here and nowhere else.
// Decides whether a Secret that bears such a name is ours; refuses to know what the values mean.
import type { ObjectMeta, Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { WantedSecret } from './plan.ts';
import type { Kind } from './world.ts';

/** What follows the owner's name. */
export const ownedSuffixes = {
  dkim: '-dkim',
  binding: '-smtp',
  keys: '-keys',
  listener: '-listener-tls',
  bootstrap: '-bootstrap',
} as const;
export type OwnedSuffix = keyof typeof ownedSuffixes;

export const ownedLabels = {
  managedBy: 'app.kubernetes.io/managed-by',
  ownerKind: 'relayfleet.io/owner-kind',
  ownerName: 'relayfleet.io/owner-name',
} as const;
export const managedByRelayfleet = 'relayfleet';

/** High-water mark of a fleet's configuration, kept by the publisher on the `-keys` Secret besides the fleet's status. */
export const generationAnnotation = 'relayfleet.io/generation';

/** Data keys of `<fleet>-keys`: only the operator reads it. */
export const fleetKeyFields = {
  /** 32 bytes, base64. */
  fleetKey: 'fleet.key',
  fleetKeyId: 'fleet.key-id',
  /** Ed25519: PKCS #8 and SPKI, PEM. */
  operatorKey: 'operator.key',
  operatorPublicKey: 'operator.pub',
  /** Authority of the listener certificate, PEM. Its key stays here; nodes mount the listener Secret only. */
  caCertificate: 'ca.crt',
  caKey: 'ca.key',
} as const;

/** Data keys of a kubernetes.io/tls Secret. */
export const tlsFields = { certificate: 'tls.crt', key: 'tls.key', ca: 'ca.crt' } as const;

const dkimKeySuffix = '.key';

/** Data key of a minted DKIM key in `<rdom>-dkim`. */
export function dkimField(selector: string): string {
  return `${selector}${dkimKeySuffix}`;
}

/** Selectors of the DKIM keys in `<rdom>-dkim`, sorted. */
export function dkimSelectors(secret: Secret): readonly string[] {
  return Object.keys(secret.data)
    .filter((field) => field.endsWith(dkimKeySuffix))
    .map((field) => field.slice(0, -dkimKeySuffix.length))
    .toSorted();
}

export type SecretOwner = { readonly kind: Kind; readonly metadata: ObjectMeta };

export function ownedRef(owner: SecretOwner, suffix: OwnedSuffix): ObjectRef {
  return { namespace: owner.metadata.namespace, name: `${owner.metadata.name}${ownedSuffixes[suffix]}` };
}

/** A Secret of `owner` with its labels in place. */
export function ownedSecret(
  owner: SecretOwner,
  suffix: OwnedSuffix,
  content: Pick<WantedSecret, 'type' | 'data'>,
): WantedSecret {
  const { name, uid } = owner.metadata;
  return {
    ref: ownedRef(owner, suffix),
    type: content.type,
    owner: { kind: owner.kind, name, uid },
    labels: {
      [ownedLabels.managedBy]: managedByRelayfleet,
      [ownedLabels.ownerKind]: owner.kind,
      [ownedLabels.ownerName]: name,
    },
    annotations: {},
    data: content.data,
  };
}

/** Whether relayfleet made `secret` for `owner`; anything else under an owned name belongs to somebody and is not touched. */
export function isOwned(secret: Secret, owner: SecretOwner): boolean {
  const labels = secret.metadata.labels ?? {};
  return (
    labels[ownedLabels.managedBy] === managedByRelayfleet &&
    labels[ownedLabels.ownerKind] === owner.kind &&
    labels[ownedLabels.ownerName] === owner.metadata.name
  );
}

/** One value of a Secret as text; undefined when the key is absent. */
export function secretText(secret: Secret, field: string): string | undefined {
  const encoded = secret.data[field];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

/** All values of a Secret as text. */
export function secretTexts(secret: Secret): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(secret.data).map((field) => [field, secretText(secret, field) ?? '']));
}
