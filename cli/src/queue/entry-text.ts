// One queue entry as a person reads it. Pure.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { ShownEntry } from '@relayfleet/jetstream/inspect.ts';
import type { MailState } from '@relayfleet/jetstream/list-mail.ts';
import { heldWords, orderWords } from '../held-words.ts';
import { ageWords } from '../table.ts';

/** With the order that is about it, if there is one. */
export type HeldEntry = Omit<ShownEntry, 'state'> & { readonly state: MailState; readonly order?: Order };

type Row = readonly [label: string, value: string];

/** `wide`: also what only a mail engineer asks for. */
export function entryText(entry: HeldEntry, wide: boolean, now: number): string {
  const { state, content, buriedBecause, size, subject } = entry;
  if (content.ok)
    return rows([
      ...usualRows(entry, content.envelope, { wide, now }),
      ...(wide ? wideRows(entry, content.envelope) : []),
    ]);
  return rows([
    ['State', state],
    ['Subject', subject],
    ['Size', `${size} bytes`],
    ['Problem', content.problem],
    ...(buriedBecause === undefined ? [] : [['Buried', buriedBecause] as const]),
  ]);
}

function usualRows(
  { state, buriedBecause, order }: HeldEntry,
  envelope: Envelope,
  { wide, now }: { readonly wide: boolean; readonly now: number },
): Row[] {
  const { id, k, of, kind, platform, domain, lane, sender, recipients, due, acceptedAt, acceptedBy } = envelope;
  const { pushedBack } = envelope;
  const held = state === 'dead' ? undefined : heldWords(envelope.heldSince, order, now);
  return [
    ['Mail', `${id}, destination ${k + 1} of ${of}${kind === 'dsn' ? ', a notice' : ''}`],
    ['State', state === 'dead' ? `dead: ${buriedBecause ?? 'no reason noted'}` : state],
    ...optional('Due', state === 'dead' ? undefined : due <= now ? 'now' : `in ${ageWords(due - now)}`),
    ...optional('Held', held),
    ...optional('Order', order && orderWords(order, now)),
    ['Attempts', String(envelope.attempt)],
    ...optional(
      'Pushed back',
      pushedBack === undefined ? undefined : `${pushedBack} times, as its destination is slow`,
    ),
    ['Accepted', `${new Date(acceptedAt).toISOString()} by ${acceptedBy}, ${ageWords(now - acceptedAt)} ago`],
    ['Platform', `${refKey(platform)} for ${domain} (${lane})`],
    ['From', sender === '' ? '<> (null sender)' : sender],
    ...recipients.map((recipient): Row => ['To', recipientWords(recipient, wide)]),
    ['Destination', envelope.destination],
    ['Body', bodyWords(envelope.body)],
  ];
}

function wideRows({ storedAt, size, subject }: HeldEntry, envelope: Envelope): Row[] {
  const { settled, ret, envid, smtputf8, eightBit } = envelope;
  const totals = Object.entries(settled).map(([outcome, count]) => `${count} ${outcome}`);
  const parameters = [
    `RET=${ret ?? '-'}`,
    `ENVID=${envid ?? '-'}`,
    ...(smtputf8 ? ['SMTPUTF8'] : []),
    ...(eightBit ? ['8BITMIME'] : []),
  ];
  return [
    ['Settled', totals.join(', ')],
    ['Parameters', parameters.join(' ')],
    ['Stored', `${new Date(storedAt).toISOString()}, ${size} bytes`],
    ['Subject', subject],
  ];
}

function bodyWords(body: Envelope['body']): string {
  return body.kind === 'inline'
    ? `${body.size} bytes with the entry`
    : `${body.size} bytes in ${body.chunks} ${body.chunks === 1 ? 'chunk' : 'chunks'}`;
}

function optional(label: string, value: string | undefined): Row[] {
  return value === undefined ? [] : [[label, value]];
}

/** RFC 3461: position, and what the sender asked to hear. */
function recipientWords({ n, address, notify, orcpt }: Recipient, wide: boolean): string {
  if (!wide) return address;
  const asked = [
    ...(notify === undefined ? [] : [`NOTIFY=${notify.join(',')}`]),
    ...(orcpt === undefined ? [] : [`ORCPT=${orcpt}`]),
  ];
  return `${address} (${[`recipient ${n + 1}`, ...asked].join(', ')})`;
}

function rows(pairs: readonly Row[]): string {
  return pairs.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}\n`).join('');
}
