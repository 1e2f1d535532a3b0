// A mail's way through the fleet as a person reads it: one line a step, with the milliseconds since `startedAt`.
// Pure; made of the events in the event stream, nothing is guessed.
import type { AttemptedEvent, MailEvent } from '@relayfleet/contract/event.ts';

export type Step = { readonly at: number; readonly text: string };

export function stepsOf(events: readonly MailEvent[]): readonly Step[] {
  return events.flatMap((event): Step[] => {
    switch (event.type) {
      case 'accepted':
        return [{ at: event.at, text: acceptedWords(event) }];
      case 'attempted':
        return [{ at: event.at, text: attemptWords(event) }];
      case 'settled':
        return []; // says nothing the attempts have not said
    }
  });
}

export function stepLines(steps: readonly Step[], startedAt: number): readonly string[] {
  return steps
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, text }) => `${String(Math.max(0, at - startedAt)).padStart(7)} ms  ${text}`);
}

function acceptedWords({ node, id, kind, tls, commitMs }: Extract<MailEvent, { type: 'accepted' }>): string {
  const over = tls === null ? '' : ` over ${tls}`;
  const what = kind === 'dsn' ? `bounce made by ${node}` : `accepted by ${node}${over}`;
  return `${what}, queued as ${id} (durable after ${Math.round(commitMs)} ms)`;
}

function attemptWords(event: AttemptedEvent): string {
  const { node, hop, tls, waitMs, connectMs, transferMs, results, nextDue, order, at } = event;
  const timing = [
    `waited ${Math.round(waitMs)} ms`,
    ...(connectMs === null ? [] : [`connect ${Math.round(connectMs)} ms`]),
    ...(transferMs === null ? [] : [`transfer ${Math.round(transferMs)} ms`]),
  ].join(', ');
  const where = hop === null ? '' : ` to ${hop}${tls === null ? '' : ` over ${tls}`}`;
  const next = nextDue === null ? '' : `; next try in ${Math.max(0, Math.round((nextDue - at) / 1000))} s`;
  const whose = order === undefined ? '' : `, as order ${order} says`;
  return `${outcomeWords(results)} by ${node}${where}${whose} (${timing})${next}`;
}

/** `1 delivered, 1 deferred (451 4.2.1 recipient)` */
export function outcomeWords(results: AttemptedEvent['results']): string {
  const counts = new Map<string, number>();
  for (const { outcome, code, status, category } of results) {
    const why =
      outcome === 'delivered' ? '' : ` (${[code, status, category].filter((part) => part !== undefined).join(' ')})`;
    counts.set(outcome + why, (counts.get(outcome + why) ?? 0) + 1);
  }
  const many = results.length > 1;
  return [...counts].map(([words, count]) => (many ? `${count} ${words}` : words)).join(', ');
}
