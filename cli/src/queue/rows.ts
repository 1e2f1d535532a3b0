// Entries as "queue ls" shows them: what the subject tells, and where more is asked for, what the entry itself and the record of its
// last attempt tell. Reads a bounded number of entries; no address leaves this file.
import { mailIdTime } from '@relayfleet/contract/mail-id.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { orderFor, type Order } from '@relayfleet/contract/order.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { inTurns } from '@relayfleet/jetstream/in-turns.ts';
import { showEntry } from '@relayfleet/jetstream/inspect.ts';
import type { MailListing } from '@relayfleet/jetstream/list-mail.ts';
import { lastAttempts } from '@relayfleet/jetstream/remains.ts';
import { outcomeWords } from '../journey.ts';
import { ageWords, table } from '../table.ts';

/** Absent fields: nobody looked, or there is nothing. */
export type Detail = {
  readonly attempts?: number;
  readonly recipients?: number;
  /** RFC 3339. */
  readonly heldSince?: string;
  /** Order that concerns it now. */
  readonly heldBy?: string;
  /** `deferred (451 4.2.1 recipient)` of the last attempt on record, and why a dead letter was buried. */
  readonly last?: string;
};
export type Row = MailListing & { readonly detail?: Detail };

/** Entries whose details one call reads. */
export const mostDetails = 500;
const readsAtOnce = 16;

export async function withDetails(
  nats: Nats,
  entries: readonly MailListing[],
  orders: readonly Order[],
): Promise<readonly Row[]> {
  const looked = entries.slice(0, mostDetails);
  const attempts = await lastAttempts(
    nats,
    looked.map(({ key }) => key),
  );
  const rows = await inTurns(looked, readsAtOnce, async (entry): Promise<Row> => {
    const shown = await showEntry(nats, entry.subject);
    const attempted = attempts.get(`${entry.key.id}.${entry.key.k}`);
    const last = shown?.buriedBecause ?? (attempted && outcomeWords(attempted.results));
    const said = last === undefined ? {} : { last };
    if (shown?.content.ok !== true) return { ...entry, detail: said };
    const { attempt, recipients, heldSince, lane, domain } = shown.content.envelope;
    const order = orderFor(orders, shown.content.envelope);
    return {
      ...entry,
      key: { ...entry.key, lane, domain },
      detail: {
        attempts: attempt,
        recipients: recipients.length,
        ...(heldSince === undefined ? {} : { heldSince: new Date(heldSince).toISOString() }),
        ...(order === undefined ? {} : { heldBy: order.name }),
        ...said,
      },
    };
  });
  return [...rows, ...entries.slice(mostDetails)];
}

export function rowsTable(rows: readonly Row[], wide: boolean, now: number): string {
  const header = ['ID', 'STATE', 'DESTINATION', 'PLATFORM', 'DUE', 'AGE'];
  const more = ['DOMAIN', 'LANE', 'PART', 'RECIPIENTS', 'ATTEMPTS', 'HELD', 'LAST'];
  return table(
    wide ? [...header, ...more] : header,
    rows.map((row) => (wide ? [...usual(row, now), ...wider(row, now)] : usual(row, now))),
  );
}

/** For programs; times are RFC 3339. */
export function rowDocument({ state, key, dueAt, detail }: Row): object {
  const { id, k, lane, domain, destination, platform } = key;
  return {
    id,
    k,
    state,
    ...(lane === undefined ? {} : { lane }),
    ...(domain === undefined ? {} : { domain }),
    destination,
    platform,
    acceptedAt: new Date(mailIdTime(id)).toISOString(),
    ...(dueAt === undefined ? {} : { dueAt: new Date(dueAt).toISOString() }),
    ...detail,
  };
}

function usual({ state, key, dueAt }: Row, now: number): string[] {
  const age = ageWords(now - mailIdTime(key.id));
  return [key.id, state, key.destination, refKey(key.platform), dueWords({ state, dueAt }, now), age];
}

function wider({ key, detail = {} }: Row, now: number): string[] {
  const { heldSince, heldBy, attempts, recipients, last } = detail;
  const held = heldSince === undefined ? '' : `${ageWords(now - Date.parse(heldSince))}${heldBy ? ` (${heldBy})` : ''}`;
  const counts = [recipients, attempts].map((count) => (count === undefined ? '?' : String(count)));
  return [key.domain ?? '?', key.lane ?? '?', String(key.k + 1), ...counts, held || '-', last ?? '-'];
}

/** A listing knows the minute only. */
export function dueWords({ state, dueAt }: { state: Row['state']; dueAt?: number | undefined }, now: number): string {
  if (state === 'dead') return 'never';
  return dueAt === undefined ? 'now' : `within ${ageWords(dueAt + 60_000 - now)}`;
}
