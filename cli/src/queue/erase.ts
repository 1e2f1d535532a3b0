// Erasing dead letters, the one removal a person does by himself: each has had its final state, and what lies there is evidence.
import { inTurns } from '@relayfleet/jetstream/in-turns.ts';
import { listMail } from '@relayfleet/jetstream/list-mail.ts';
import { eraseDeadLetter } from '@relayfleet/jetstream/remains.ts';
import { misused, type Call, type Outcome, type Terminal } from '../command.ts';
import { tally } from './counts.ts';
import { change, type Change } from './give-order.ts';
import { readSelection, scopeProblem } from './selection.ts';

const atOnce = 8;

export async function eraseDeadLetters(call: Call, terminal: Terminal): Promise<Outcome> {
  const now = Date.now();
  if (call.args.length > 0) return misused(`queue drop takes no arguments, got "${call.args.join(' ')}"`);
  const pointless = pointlessFlag(call);
  if (pointless !== undefined) return misused(pointless);
  const selection = readSelection(call, now);
  if (typeof selection === 'string') return misused(selection);
  const scope = scopeProblem(selection, call.isSet('all'));
  if (scope !== undefined) return misused(scope);
  return change({ call, terminal }, async (nats): Promise<Change> => {
    const letters = await listMail(nats, { ...selection.filter, states: ['dead'] });
    const counts = tally(letters, now);
    return {
      counts,
      deed: `erase ${counts.total} dead ${counts.total === 1 ? 'letter' : 'letters'}`,
      effect: 'What became of these mails stays on record; what they held is gone for good.',
      nothing: 'No dead letters match.',
      about: {},
      carryOut: async () => {
        const erased = await inTurns(letters, atOnce, ({ subject }) => eraseDeadLetter(nats, subject));
        const count = erased.filter((gone) => gone).length;
        return { ok: true, words: `${count} erased.`, result: { erased: count } };
      },
    };
  });
}

/** What says something about orders: erasing gives none. */
function pointlessFlag(call: Call): string | undefined {
  if (call.isSet('bounce')) return 'senders of dead letters were told already: leave --bounce out';
  if (call.text('reason') !== undefined)
    return 'erasing dead letters leaves nothing that could hold a reason: leave --reason out';
  if (!call.isSet('wait')) return 'dead letters are erased by this very call: leave --wait=false out';
  return undefined;
}
