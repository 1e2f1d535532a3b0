// What became of a mail as far as its events tell: recipient by recipient the last word, once every one has had an attempt. Pure.
import type { MailEvent } from '@relayfleet/contract/event.ts';
import type { AttemptOutcome, RecipientResult } from '@relayfleet/contract/outcome.ts';

export type Verdict = {
  /** How many recipients are where. */
  readonly counts: Readonly<Partial<Record<AttemptOutcome, number>>>;
  /** By position in the mail. */
  readonly recipients: readonly RecipientResult[];
  /** Epoch milliseconds; of those deferred, the first to be tried again. */
  readonly nextDue?: number;
};

/** Undefined while somebody has had no attempt yet. */
export function verdictOf(events: readonly MailEvent[]): Verdict | undefined {
  const accepted = events.find((event) => event.type === 'accepted');
  const last = new Map<number, RecipientResult>();
  const due = new Map<number, number | null>();
  for (const event of events) {
    if (event.type !== 'attempted') continue;
    for (const result of event.results) last.set(result.n, result);
    due.set(event.k, event.nextDue);
  }
  if (accepted === undefined || last.size < accepted.recipients) return undefined;
  const recipients = [...last.values()].sort((a, b) => a.n - b.n);
  const counts: Partial<Record<AttemptOutcome, number>> = {};
  for (const { outcome } of recipients) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const dues = [...due.values()].filter((at) => at !== null);
  return { counts, recipients, ...(dues.length === 0 ? {} : { nextDue: Math.min(...dues) }) };
}

export function isDelivered({ recipients }: Verdict): boolean {
  return recipients.every(({ outcome }) => outcome === 'delivered');
}

/** `1 delivered, 2 deferred` */
export function verdictWords({ counts }: Verdict): string {
  return Object.entries(counts)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}
