// The story of a mail for people: what happened, step by step, with the milliseconds since it was accepted, then where it is now.
// Pure; nothing is guessed, and what a failure means is said with what to do about it.
import type { AttemptedEvent, MailEvent } from '@relayfleet/contract/event.ts';
import { mailIdTime } from '@relayfleet/contract/mail-id.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Order } from '@relayfleet/contract/order.ts';
import type { RecipientResult } from '@relayfleet/contract/outcome.ts';
import { categoryWords } from '../category-words.ts';
import { heldWords, orderWords } from '../held-words.ts';
import { stepLines, stepsOf, type Step } from '../journey.ts';
import { ageWords } from '../table.ts';
import type { NoticeStory, Standing, Story } from './read-story.ts';

const indent = ' '.repeat(12);

/** `wide`: every recipient by its position, and every attempt's ways and times in full. */
export function storyText(story: Story, wide: boolean, now: number): string {
  const startedAt = acceptedOf(story.events)?.at ?? mailIdTime(story.id);
  const steps = [...journey(story, wide, now), ...story.notices.flatMap((notice) => noticeSteps(notice))];
  return [
    headline(story, startedAt),
    ...stepLines(steps, startedAt),
    ...story.entries.map((standing) => `${indent}${standingWords(standing, now)}`),
    ...story.notices.flatMap(({ id, entries }) =>
      entries.map((standing) => `${indent}notice ${id} ${standingWords(standing, now)}`),
    ),
    `${indent}body: ${bodyWords(story)}`,
    '',
  ].join('\n');
}

function acceptedOf(events: readonly MailEvent[]) {
  return events.find((event) => event.type === 'accepted');
}

function headline({ id, events, entries }: Story, startedAt: number): string {
  const accepted = acceptedOf(events);
  const when = new Date(startedAt).toISOString();
  const some = events[0];
  const whose = some === undefined ? '' : ` from ${refKey(some.platform)} for ${some.domain}`;
  if (accepted === undefined)
    return `${when}  ${id}${whose}${entries.length === 0 ? '' : ', in the queue'}; its acceptance is not on record (any more)`;
  const { size, recipients, destinations, lane } = accepted;
  return `${when}  ${id}${whose} (${lane}): ${size} bytes, ${count(recipients, 'recipient')}, ${count(destinations, 'destination')}`;
}

function journey({ events, orders }: Story, wide: boolean, now: number): readonly Step[] {
  const several = events.some(({ k }) => k > 0);
  return events.flatMap((event): Step[] => {
    const part = several && event.type !== 'accepted' ? `destination ${event.k + 1}: ` : '';
    const [first, ...more] = stepsOf([event]).map(({ at, text }) => ({ at, text: `${part}${text}` }));
    switch (event.type) {
      case 'accepted':
        return first === undefined ? [] : [first, ...more];
      case 'attempted':
        return first === undefined
          ? []
          : [
              {
                ...first,
                text: [first.text, ...attemptNotes(event, wide), ...orderNotes(event, orders, now)].join('\n'),
              },
            ];
      case 'settled': {
        const ends = Object.entries(event.totals).filter(([, total]) => total > 0);
        const totals = ends.map(([outcome, total]) => `${total} ${outcome}`).join(', ');
        const text = `${part}settled: ${totals} after ${count(event.attempts, 'attempt')} in ${spanWords(event.totalMs)}`;
        return [{ at: event.at, text }];
      }
    }
  });
}

/** What each failure means and what to do, once a category; `wide` also who it was about. */
function attemptNotes({ results, attempt }: AttemptedEvent, wide: boolean): string[] {
  const lines = wide ? [`attempt ${attempt}`, ...results.map(recipientWords)] : [];
  const failed = new Set(results.filter(({ outcome }) => outcome !== 'delivered').map(({ category }) => category));
  const meanings = [...failed].map((category) => {
    const { means, remedy } = categoryWords[category];
    return `${category}: ${means}${remedy === undefined ? '' : `. To do: ${remedy}`}`;
  });
  return [...lines, ...meanings].map((line) => `${indent}  ${line}`);
}

/** Whose word it was, as far as that is still known: an order that is carried out goes. */
function orderNotes({ order: name }: AttemptedEvent, orders: readonly Order[], now: number): string[] {
  if (name === undefined) return [];
  const order = orders.find((one) => one.name === name);
  const gone = `${name}, carried out or taken back since: its reason went with it`;
  return [`${indent}  order ${order === undefined ? gone : orderWords(order, now)}`];
}

function recipientWords({ n, outcome, code, status, category, relayed }: RecipientResult): string {
  const why = [code, status, category].filter((part) => part !== undefined).join(' ');
  return `recipient ${n + 1}: ${outcome} (${why})${relayed === true ? ', by a server that sends no notices itself' : ''}`;
}

function noticeSteps({ action, id, events }: NoticeStory): readonly Step[] {
  const [first] = events;
  const made = events.find(({ type }) => type === 'accepted') ?? first;
  if (made === undefined) return [];
  const fate = stepsOf(events.filter(({ type }) => type === 'attempted'));
  return [
    { at: made.at, text: `its sender is told "${action}": notice ${id}` },
    ...fate.map(({ at, text }) => ({ at, text: `notice ${id}: ${text}` })),
  ];
}

function standingWords(standing: Standing, now: number): string {
  const { state, destination, due, recipients, heldSince, pushedBack, order, buriedBecause } = standing;
  if (state === 'dead') return `dead letter for ${destination}: ${buriedBecause ?? 'no reason noted'}`;
  const waits = state === 'deferred' || state === 'held';
  const when = !waits || due === undefined ? '' : due <= now ? ', due' : `, due in ${ageWords(due - now)}`;
  const who = recipients === undefined ? '' : `; ${count(recipients.length, 'recipient')} to go`;
  const turns =
    pushedBack === undefined ? '' : `; pushed back ${count(pushedBack, 'time')}, as its destination is slow`;
  const held = heldWords(heldSince, order, now);
  const words = [
    ...(held === undefined ? [] : [`held ${held}`]),
    ...(order === undefined ? [] : [`order ${orderWords(order, now)} is about it`]),
  ];
  return [`now ${state === 'held' ? 'deferred' : state} for ${destination}${when}${who}${turns}`, ...words].join('; ');
}

function bodyWords({ body, entries }: Story): string {
  switch (body.kind) {
    case 'with the entry':
      return `${body.size} bytes with the entry`;
    case 'stored':
      return `stored in ${count(body.chunks, 'chunk')}${entries.length > 0 ? '' : ', to be removed within minutes'}`;
    case 'gone':
      return 'no longer stored';
  }
}

function spanWords(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : ageWords(ms);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
