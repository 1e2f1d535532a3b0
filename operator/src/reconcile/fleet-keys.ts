// The keys of a fleet, as read from `<fleet>-keys`, and the request for them while there are none.
// Damaged ones are not replaced: the nodes hold their counterparts, and somebody may have a backup. Neither are those of a fleet
// that is being deleted: its nodes would believe none that are new.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { fleetKeyFields, generationAnnotation, isOwned, ownedRef, ownedSecret, secretText } from '../owned-secrets.ts';
import type { MintRequest } from '../plan.ts';
import type { FleetKeys, Refusal } from './resolved.ts';
import { damaged, parseCertificate } from './secret-refs.ts';
import { isLeaving, refOf, type WorldIndex } from './world-index.ts';

export type FoundKeys = {
  readonly keys: FleetKeys | undefined;
  readonly problem: Refusal | undefined;
  readonly mint: readonly MintRequest[];
};

export function resolveFleetKeys(index: WorldIndex, fleet: RelayFleet): FoundKeys {
  const ref = ownedRef(fleet, 'keys');
  const secret = index.secret(ref);
  if (secret === undefined && isLeaving(fleet)) return { keys: undefined, problem: goneFirst(ref), mint: [] };
  if (secret === undefined) {
    const wanted = ownedSecret(fleet, 'keys', { type: 'Opaque', data: {} });
    return { keys: undefined, problem: undefined, mint: [{ kind: 'FleetKeys', secret: wanted, fleet: refOf(fleet) }] };
  }
  const refuse = (problem: string): FoundKeys => ({
    keys: undefined,
    problem: damaged(ref, problem).refusal,
    mint: [],
  });
  if (!isOwned(secret, fleet))
    return refuse('was not made by relayfleet, which needs the name for the fleet’s keys: rename or delete it');
  const wrong = Object.values(fleetKeyFields).find((field) => !readable(field, secretText(secret, field)));
  return wrong === undefined
    ? { keys: readKeys(secret), problem: undefined, mint: [] }
    : refuse(`key ${wrong} cannot be used: restore it, or delete the Secret to have new keys made`);
}

/** Generation the publisher noted on the Secret; 0 when it has noted none. */
export function notedGeneration(secret: Secret | undefined): number {
  const noted = Number(secret?.metadata.annotations?.[generationAnnotation] ?? 0);
  return Number.isSafeInteger(noted) && noted > 0 ? noted : 0;
}

function goneFirst(ref: ObjectRef): Refusal {
  const message = `Secret ${refKey(ref)} does not exist any more, and nodes believe nothing without its keys: put it back`;
  return { reason: 'SecretNotFound', message };
}

function readKeys(secret: Secret): FleetKeys {
  const text = (field: string) => secretText(secret, field) ?? '';
  return {
    fleetKey: { id: text(fleetKeyFields.fleetKeyId), key: text(fleetKeyFields.fleetKey) },
    operatorKey: text(fleetKeyFields.operatorKey),
    operatorPublicKey: text(fleetKeyFields.operatorPublicKey),
    authority: { certificate: text(fleetKeyFields.caCertificate), key: text(fleetKeyFields.caKey) },
  };
}

function readable(field: string, text: string | undefined): boolean {
  if (text === undefined || text === '') return false;
  try {
    switch (field) {
      case fleetKeyFields.fleetKey:
        return Buffer.from(text, 'base64').length === 32;
      case fleetKeyFields.operatorKey:
        return createPrivateKey(text).asymmetricKeyType === 'ed25519';
      case fleetKeyFields.operatorPublicKey:
        return createPublicKey(text).asymmetricKeyType === 'ed25519';
      case fleetKeyFields.caCertificate:
        return parseCertificate(text) !== undefined;
      case fleetKeyFields.caKey:
        return createPrivateKey(text).type === 'private';
      default:
        return true;
    }
  } catch {
    return false;
  }
}
