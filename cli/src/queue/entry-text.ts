// One queue entry as a person reads it. Pure.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { ShownEntry } from '@relayfleet/jetstream/inspect.ts';
import { ageWords } from '../table.ts';

export function entryText({ state, content, buriedBecause, size, subject }: ShownEntry, now: number): string {
  if (!content.ok)
    return rows([
      ['State', state],
      ['Subject', subject],
      ['Size', `${size} bytes`],
      ['Problem', content.problem],
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
  } = envelope;
  return rows([
    ['Mail', `${id}, destination ${k + 1} of ${of}${kind === 'dsn' ? ', a bounce' : ''}`],
    ['State', state === 'dead' ? `dead: ${buriedBecause ?? 'no reason noted'}` : state],
    ['Due', due <= now ? 'now' : `in ${ageWords(due - now)}`],
    ['Attempts', String(attempt)],
    ['Accepted', `${new Date(acceptedAt).toISOString()} by ${acceptedBy}, ${ageWords(now - acceptedAt)} ago`],
    ['Platform', `${refKey(platform)} for ${domain} (${lane})`],
    ['From', sender === '' ? '<> (null sender)' : sender],
    ...recipients.map(({ address }): [string, string] => ['To', address]),
    ['Destination', destination],
    [
      'Body',
      body.kind === 'inline' ? `${body.size} bytes with the entry` : `${body.size} bytes in ${body.chunks} chunks`,
    ],
  ]);
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}\n`).join('');
}
