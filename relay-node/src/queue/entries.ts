// One accepted mail as queue entries: one for each destination, all with one id, all pointing to one body or carrying it.
// Decides what is inlined and in which order; refuses to know streams and how entries are stored (jetstream/).
import { formatMailbox, parseMailbox } from '@relayfleet/contract/address.ts';
import type { BodyRef, Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import type { DomainPolicy, PlatformPolicy } from '@relayfleet/contract/snapshot.ts';
import type { RecipientCommand, Transaction } from '../ingress/session.ts';

/** Bodies up to this size travel in the queue message itself: measured twice as fast as a separate write. */
export const inlineLimit = 256 * 1024;

export type AcceptedMail = {
  readonly id: string;
  readonly platform: PlatformPolicy;
  /** Of the From header. */
  readonly domain: DomainPolicy;
  /** Canonical; empty is the null sender. */
  readonly sender: string;
  readonly transaction: Transaction;
  readonly eightBit: boolean;
  readonly at: number;
  readonly node: string;
};

export type Destination = { readonly name: string; readonly recipients: readonly Recipient[] };

/** Recipients by destination, both in the order the client gave; `n` is a recipient's place among all of them. */
export function destinationsOf(
  recipients: readonly RecipientCommand[],
  destinationOf: (recipientDomain: string) => string,
): readonly Destination[] {
  const byName = new Map<string, Recipient[]>();
  for (const [n, { address, notify, orcpt }] of recipients.entries()) {
    const mailbox = parseMailbox(address);
    if (mailbox === undefined) throw new Error(`recipient ${n} was accepted although it is no mailbox`);
    const name = destinationOf(mailbox.domain);
    const recipient = { n, address: formatMailbox(mailbox), ...(notify && { notify }), ...(orcpt && { orcpt }) };
    const grouped = byName.get(name);
    if (grouped) grouped.push(recipient);
    else byName.set(name, [recipient]);
  }
  return [...byName].map(([name, grouped]) => ({ name, recipients: grouped }));
}

/** Whether the body goes into the one entry itself. Several entries share a stored one, so that no bytes are kept twice. */
export function isInlined(destinations: readonly Destination[], bodySize: number): boolean {
  return destinations.length === 1 && bodySize <= inlineLimit;
}

export function toEnvelopes(
  mail: AcceptedMail,
  destinations: readonly Destination[],
  body: BodyRef,
): readonly Envelope[] {
  const { sender } = mail.transaction;
  return destinations.map(({ name, recipients }, k) => ({
    v: 1,
    id: mail.id,
    k,
    of: destinations.length,
    kind: 'mail',
    platform: mail.platform.ref,
    domain: mail.domain.domain,
    domainRef: mail.domain.ref,
    lane: mail.platform.lane,
    destination: name,
    sender: mail.sender,
    recipients: [...recipients],
    ...(sender.ret && { ret: sender.ret }),
    ...(sender.envid && { envid: sender.envid }),
    smtputf8: sender.smtputf8,
    eightBit: mail.eightBit,
    acceptedAt: mail.at,
    acceptedBy: mail.node,
    attempt: 0,
    due: mail.at,
    settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
    body,
  }));
}
