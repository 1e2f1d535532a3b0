// Follows a mail that was queued until every recipient had an attempt, or patience ends. Reads the event stream; changes nothing.
// Whether that can be done is asked before anything is sent: a mail that was taken cannot be taken back.
import { setTimeout as delay } from 'node:timers/promises';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { eventRetentionMs } from '@relayfleet/jetstream/remains.ts';
import type { Call, Terminal } from '../command.ts';
import { withNats } from '../nats-access.ts';
import { verdictOf, type Verdict } from './verdict.ts';

const lookEveryMs = 100;
/** The acceptance is noted a moment after the fact, and may come after the attempts. */
const settleMs = 1_000;

export type Followed = {
  readonly verdict: Verdict | undefined;
  readonly events: readonly MailEvent[];
  /** Why nothing more is known: NATS did not answer in the end. */
  readonly lost?: string;
};

type Caller = { readonly call: Call; readonly terminal: Terminal };

/** What stands against following a mail, in words; undefined: nothing. */
export async function obstacle(caller: Caller): Promise<string | undefined> {
  // Asks for the very stream that is read later.
  return withNats({ ...caller, purpose: 'looking' }, eventRetentionMs).then(() => undefined, wordsOf);
}

/** Never rejects: the mail is on its way, whatever becomes of NATS. */
export async function follow(caller: Caller, id: string, patienceMs: number): Promise<Followed> {
  return withNats({ ...caller, purpose: 'looking' }, (nats) => awaitVerdict(nats, id, patienceMs)).catch(
    (error: unknown) => ({ verdict: undefined, events: [], lost: wordsOf(error) }),
  );
}

async function awaitVerdict(nats: Nats, id: string, patienceMs: number): Promise<Followed> {
  const deadline = performance.now() + Math.max(patienceMs, settleMs);
  let events: readonly MailEvent[] = [];
  for (;;) {
    let lost: string | undefined;
    try {
      events = await eventsOf(nats, id);
    } catch (error) {
      lost = wordsOf(error); // a NATS that is away for a moment is waited for
    }
    const verdict = verdictOf(events);
    if (verdict !== undefined || performance.now() > deadline)
      return { verdict, events, ...(lost === undefined ? {} : { lost }) };
    await delay(lookEveryMs);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
