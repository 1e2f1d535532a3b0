// What is in force while a Secret cannot be read: the last good state, so that no mail stops because a Secret is gone, damaged or
// not made yet. Whoever deletes one by mistake has time to put it back, and its object's conditions say so.
// But what was taken away may be the permission itself: deleting the Secret of a password is how people revoke it. Then it goes
// at once, whatever Secret is named by now. A reference that was edited to a Secret which does not exist, or cannot be used, is a
// mistake again, and revokes nothing. Where nothing was in force before, nothing is.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { PlatformPolicy, SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import type { Resolved, ResolvedPlatform } from '../reconcile/resolved.ts';

export function inForce<T>(resolved: Resolved<T>, last: T | undefined): T | undefined {
  return resolved.state === 'usable' ? resolved.value : last;
}

export type Credential = Pick<PlatformPolicy, 'secrets' | 'secretRef'>;

/** `last` is what the nodes were told of the platform. */
export function credentialInForce({ secret }: ResolvedPlatform, last: Credential | undefined): Credential | undefined {
  if (secret.state === 'usable') {
    const { hash, from } = secret.value;
    return { secrets: [hash], ...(from && { secretRef: from }) };
  }
  return last && { secrets: last.secrets, ...(last.secretRef && { secretRef: last.secretRef }) };
}

/** What the nodes were told, but that nobody logs in whose password came from a Secret that is gone: their mail may still wait. */
export function withoutRevoked(previous: SnapshotContent, secretExists: (ref: ObjectRef) => boolean): SnapshotContent {
  const isRevoked = ({ secretRef }: PlatformPolicy) => secretRef !== undefined && !secretExists(secretRef);
  const platforms = previous.platforms.map((platform) => (isRevoked(platform) ? drained(platform) : platform));
  return { ...previous, platforms };
}

function drained({ secretRef: _gone, ...platform }: PlatformPolicy): PlatformPolicy {
  return { ...platform, secrets: [], senders: [], draining: true };
}
