// May this platform use this address? Binding was decided by the operator with both sides agreeing; here it is only looked up.
// The same question is asked of the envelope sender, the From header and the Sender header.
import { matchesLocalPart, type Mailbox } from '@relayfleet/contract/address.ts';
import type { DomainPolicy, PlatformPolicy, Snapshot } from '@relayfleet/contract/snapshot.ts';

export type Authorisation =
  | { readonly kind: 'allowed'; readonly domain: DomainPolicy }
  | { readonly kind: 'not-bound' }
  | { readonly kind: 'domain-suspended' };

/** Suspension is told only to a platform that could otherwise use the address. */
export function authorise(snapshot: Snapshot, platform: PlatformPolicy, mailbox: Mailbox): Authorisation {
  const domain = snapshot.domains.get(mailbox.domain);
  // A domain that is being deleted is gone for whoever wants to send.
  if (domain === undefined || domain.draining || !isBound(platform, mailbox)) return { kind: 'not-bound' };
  return domain.suspended === null ? { kind: 'allowed', domain } : { kind: 'domain-suspended' };
}

function isBound(platform: PlatformPolicy, { local, domain }: Mailbox): boolean {
  return platform.senders.some(
    (sender) => sender.domain === domain && sender.localParts.some((pattern) => matchesLocalPart(pattern, local)),
  );
}
