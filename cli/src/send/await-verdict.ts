// Follows a mail that was queued until every recipient had an attempt, or patience ends. Reads the event stream; changes nothing.
import { setTimeout as delay } from 'node:timers/promises';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { verdictOf, type Verdict } from './verdict.ts';

const lookEveryMs = 100;
/** The acceptance is noted a moment after the fact, and may come after the attempts. */
const settleMs = 1_000;

export type Followed = { readonly verdict: Verdict | undefined; readonly events: readonly MailEvent[] };

export async function awaitVerdict(nats: Nats, id: string, patienceMs: number): Promise<Followed> {
  const deadline = performance.now() + Math.max(patienceMs, settleMs);
  let events: readonly MailEvent[] = [];
  for (;;) {
    events = await eventsOf(nats, id).catch(() => events); // a NATS that is away for a moment is waited for
    const verdict = verdictOf(events);
    if (verdict !== undefined || performance.now() > deadline) return { verdict, events };
    await delay(lookEveryMs);
  }
}
