// One queue entry as a person reads it. Pure.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Recipient } from '@relayfleet/contract/envelope.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { ShownEntry } from '@relayfleet/jetstream/inspect.ts';
import { ageWords } from '../table.ts';
import { kindWords } from './order-words.ts';

/** With the order that is about it, if there is one. */
export type HeldEntry = ShownEntry & { readonly order?: Order };

/** `wide`: also what only a mail engineer asks for. */
export function entryText(entry: HeldEntry, wide: boolean, now: number): string {
  const { state, content, buriedBecause, size, subject, storedAt } = entry;
  if (!content.ok)
    return rows([
      ['State', state],
      ['Subject', subject],
      ['Size', `${size} bytes`],
      ['Problem', content.problem],
      ...(buriedBecause === undefined ? [] : [['Buried', buriedBecause] as const]),
    ]);
  const { envelope } = content;
  const {
    id,
    k,
    of,
    kind,
    platform,
    domain,
    lane,
    destination,
    sender,
    recipients,
    attempt,
    due,
    acceptedAt,
    acceptedBy,
    body,
    settled,
    pushedBack,
    ret,
    envid,
  } = envelope;
  const wideRows: readonly (readonly [string, string])[] = [
    [
      'Settled',
      Object.entries(settled)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', '),
    ],
    [
      'Parameters',
      [
        `RET=${ret ?? '-'}`,
        `ENVID=${envid ?? '-'}`,
        ...(envelope.smtputf8 ? ['SMTPUTF8'] : []),
        ...(envelope.eightBit ? ['8BITMIME'] : []),
      ].join(' '),
    ],
    ['Stored', `${new Date(storedAt).toISOString()}, ${size} bytes`],
    ['Subject', subject],
  ];
  return rows([
    ['Mail', `${id}, destination ${k + 1} of ${of}${kind === 'dsn' ? ', a notice' : ''}`],
    ['State', state === 'dead' ? `dead: ${buriedBecause ?? 'no reason noted'}` : state],
    ...(state === 'dead' ? [] : [['Due', due <= now ? 'now' : `in ${ageWords(due - now)}`] as const]),
    ...heldRows(entry, now),
    ['Attempts', String(attempt)],
    ...(pushedBack === undefined ? [] : [['Pushed back', `${pushedBack} times, as its destination is slow`] as const]),
    ['Accepted', `${new Date(acceptedAt).toISOString()} by ${acceptedBy}, ${ageWords(now - acceptedAt)} ago`],
    ['Platform', `${refKey(platform)} for ${domain} (${lane})`],
    ['From', sender === '' ? '<> (null sender)' : sender],
    ...recipients.map((recipient) => ['To', recipientWords(recipient, wide)] as const),
    ['Destination', destination],
    [
      'Body',
      body.kind === 'inline'
        ? `${body.size} bytes with the entry`
        : `${body.size} bytes in ${body.chunks} ${body.chunks === 1 ? 'chunk' : 'chunks'}`,
    ],
    ...(wide ? wideRows : []),
  ]);
}

function heldRows({ order, content }: HeldEntry, now: number): [string, string][] {
  const since = content.ok ? content.envelope.heldSince : undefined;
  const held: [string, string][] =
    since === undefined
      ? []
      : [
          [
            'Held',
            `since ${ageWords(now - since)}${order === undefined ? ': its domain, platform or fleet was suspended' : ''}`,
          ],
        ];
  return order === undefined
    ? held
    : [...held, ['Order', `${order.name}: ${kindWords(order)}${order.reason === '' ? '' : `, ${order.reason}`}`]];
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

function rows(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}\n`).join('');
}
