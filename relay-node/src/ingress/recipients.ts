// The recipients of a transaction as its client named them. smtp-server keeps a list too, but takes addresses that differ in the case
// of their local-parts for one, and only the host behind a mailbox may do so (RFC 5321 §2.4): one of the two would get no mail.
// Named again in the same words, a recipient stays one, with the parameters of the last time.
import type { SMTPServerAddress, SMTPServerEnvelope } from 'smtp-server';

export type Recipients = {
  /** Notes one that was accepted. */
  add(envelope: SMTPServerEnvelope, recipient: SMTPServerAddress): void;
  count(envelope: SMTPServerEnvelope): number;
  /** In the order in which they were first named. */
  of(envelope: SMTPServerEnvelope): readonly SMTPServerAddress[];
};

/** The library begins every transaction with an envelope object of its own, so that nothing has to be reset here. */
export function createRecipients(): Recipients {
  const byEnvelope = new WeakMap<SMTPServerEnvelope, Map<string, SMTPServerAddress>>();
  return {
    add(envelope, recipient) {
      const known = byEnvelope.get(envelope) ?? new Map<string, SMTPServerAddress>();
      byEnvelope.set(envelope, known.set(mailbox(recipient.address), recipient));
    },
    count: (envelope) => byEnvelope.get(envelope)?.size ?? 0,
    of: (envelope) => [...(byEnvelope.get(envelope)?.values() ?? [])],
  };
}

/** RFC 5321 §2.4: a domain is one in any case. */
function mailbox(address: string): string {
  const at = address.lastIndexOf('@');
  return address.slice(0, at) + address.slice(at).toLowerCase();
}
