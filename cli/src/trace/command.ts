// `relayfleet trace ID`: what happened to one mail, from the event stream, and where it is now if it still waits.
import { isMailId, mailIdTime } from '@relayfleet/contract/mail-id.ts';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { eventsOf, listEntries, type EntryListing } from '@relayfleet/jetstream/inspect.ts';
import { done, failed, misused, type Command } from '../command.ts';
import { stepLines, stepsOf } from '../journey.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { ageWords } from '../table.ts';

export const traceCommand: Command = {
  name: 'trace',
  args: 'ID',
  summary: 'Tell what happened to one mail: accepted, each attempt, how it ended.',
  description: 'ID is what the server said when it took the mail: "queued as ID". Events carry no addresses.',
  flags: [
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], description: 'The events themselves.' },
    ...natsFlags,
  ],
  examples: [
    { does: 'The way of one mail', line: 'relayfleet trace 01K8ZC6YB3V4WQ0N2M7T5RXH9E' },
    { does: 'The same for a program', line: 'relayfleet trace 01K8ZC6YB3V4WQ0N2M7T5RXH9E -o json' },
  ],
  run: async (call, terminal) => {
    const [id, ...rest] = call.args;
    if (id === undefined || rest.length > 0) return misused('trace takes one mail id');
    if (!isMailId(id)) return misused(`"${id}" is no mail id; it has 26 letters and digits`);
    const { events, waiting } = await withNats(call, terminal, async (nats) => ({
      events: await eventsOf(nats, id),
      waiting: await listEntries(nats, { id }),
    }));
    if (events.length === 0 && waiting.length === 0)
      return failed(`nothing is known of ${id}: never accepted here, or older than the fleet keeps events`);
    terminal.out(
      call.text('output') === 'json'
        ? `${JSON.stringify({ events, waiting }, null, 2)}\n`
        : traceText(id, events, waiting, Date.now()),
    );
    return done;
  },
};

function traceText(id: string, events: readonly MailEvent[], waiting: readonly EntryListing[], now: number): string {
  const accepted = events.find(({ type }) => type === 'accepted')?.at ?? mailIdTime(id);
  const standing = waiting.map(({ state, key, dueAt }) => {
    const due = dueAt === undefined ? '' : `, due within ${ageWords(dueAt + 60_000 - now)}`;
    return `            now ${state} for ${key.destination}${due}`;
  });
  return [new Date(accepted).toISOString(), ...stepLines(stepsOf(events), accepted), ...standing, ''].join('\n');
}
