// `relayfleet trace ID`: what happened to one mail, from the event stream, what its sender was told, and where it is now.
import { isMailId, mailIdTime } from '@relayfleet/contract/mail-id.ts';
import { eventRetentionMs } from '@relayfleet/jetstream/remains.ts';
import { done, failed, misused, type Command } from '../command.ts';
import { natsFlags, withNats } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { ageWords } from '../table.ts';
import { readStory } from './read-story.ts';
import { storyText } from './story-text.ts';

export const traceCommand: Command = {
  name: 'trace',
  args: 'ID',
  summary: 'Tell what happened to one mail: accepted, each attempt, each notice, how it ended, where it is.',
  description:
    'ID is what the server said when it took the mail: "queued as ID". No addresses are shown: recipients are counted in the order in which they were named. "-o wide" tells of every recipient.',
  flags: [outputFlag, ...natsFlags],
  examples: [
    { does: 'The way of one mail', line: 'relayfleet trace 01K8ZC6YB3V4WQ0N2M7T5RXH9E' },
    { does: 'Recipient by recipient', line: 'relayfleet trace 01K8ZC6YB3V4WQ0N2M7T5RXH9E -o wide' },
    { does: 'Everything that is known, for a program', line: 'relayfleet trace 01K8ZC6YB3V4WQ0N2M7T5RXH9E -o json' },
  ],
  run: async (call, terminal) => {
    const [id, ...rest] = call.args;
    if (id === undefined || rest.length > 0) return misused('trace takes one mail id');
    if (!isMailId(id)) return misused(`"${id}" is no mail id; it has 26 letters and digits`);
    const now = Date.now();
    const found = await withNats({ call, terminal, purpose: 'looking' }, async (nats) => {
      const story = await readStory(nats, id);
      return story ?? { id, keptMs: await eventRetentionMs(nats) };
    });
    if ('keptMs' in found) return failed(unknownWords(id, found.keptMs, now));
    const format = formatOf(call);
    terminal.out(isForPrograms(format) ? document(found, format) : storyText(found, format === 'wide', now));
    return done;
  },
};

/** An id tells when it was given. */
export function unknownWords(id: string, keptMs: number, now: number): string {
  const age = now - mailIdTime(id);
  const kept = `events are kept for ${ageWords(keptMs)}`;
  return age > keptMs
    ? `nothing is known of ${id} (any more): by its id it is ${ageWords(age)} old, and ${kept}`
    : `nothing is known of ${id}: it was never accepted here. Its id says ${ageWords(age)} ago, and ${kept}`;
}
