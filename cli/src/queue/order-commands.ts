// `relayfleet queue hold|retry|drop`: an order about what waits, which nodes and operator carry out. Here stands what is asked for and
// what is refused; place-order.ts gives the order.
import { mailStates, type MailState } from '@relayfleet/jetstream/list-mail.ts';
import { misused, type Command, type Flag } from '../command.ts';
import { natsFlags } from '../nats-access.ts';
import { eraseDeadLetters } from './erase.ts';
import { allFlag, changeFlags, waitFlag } from './give-order.ts';
import { orderEffects } from './order-words.ts';
import { entriesOf, placeOrder, waitingStates } from './place-order.ts';
import { selectionFlags } from './selection.ts';

const reasonFlag: Flag = { name: 'reason', value: 'TEXT', description: 'Why, for others who look; no addresses.' };
const orderFlags = (...own: readonly Flag[]) => [
  ...selectionFlags,
  ...own,
  allFlag,
  reasonFlag,
  ...changeFlags,
  ...natsFlags,
];

const stateFlag = (description: string): Flag => ({ name: 'state', value: 'STATE', choices: mailStates, description });

/** What `retry` is not for. */
const notRetried: Readonly<Partial<Record<MailState, string>>> = {
  ready: 'what is ready is about to be tried: only what is deferred or held waits for its time',
  retry: 'what is due again is about to be tried: only what is deferred or held waits for its time',
  dead: 'dead letters are not tried again: each has its final state, and its sender was told that it failed. Have it sent anew; "queue drop --state dead" erases the evidence',
};

export const queueHoldCommand: Command = {
  name: 'queue hold',
  summary: 'Keep mail unsent until it is released, what waits and what comes later.',
  description: `${orderEffects.hold}\nNodes still take mail. With --older-than it is about mail that is there already. A hold knows no state, and takes no --state: mail changes its state by itself, and would slip through.`,
  flags: orderFlags(),
  lacks: {
    state:
      'no hold can be about a state: mail changes its state by itself and would slip through. Hold by platform, domain, destination, lane, age or id',
  },
  examples: [
    { does: 'See what it would be about', line: 'relayfleet queue hold --to example.com --dry-run' },
    { does: 'Hold all mail of a platform', line: 'relayfleet queue hold --platform shop/orders --reason under-attack' },
    { does: 'Hold everything, from a script', line: 'relayfleet queue hold --all --yes -o json' },
  ],
  run: (call, terminal) =>
    placeOrder(call, terminal, {
      states: waitingStates,
      deed: (counts) => `hold ${entriesOf(counts)} and what comes later`,
      orderOf: (common) => ({ ...common, kind: 'hold' }),
    }),
};

export const queueRetryCommand: Command = {
  name: 'queue retry',
  summary: 'Try mail now that waits for its next attempt.',
  description: `${orderEffects.retry}\nDead letters are not tried again: their senders were told that they failed.`,
  flags: orderFlags(
    stateFlag(
      '"held": only what is held. "deferred", as without it: all that waits for its time, the held among it. Nothing else can be brought forward, and the command says why.',
    ),
    waitFlag,
  ),
  examples: [
    { does: 'A destination is back', line: 'relayfleet queue retry --to example.com' },
    { does: 'One mail', line: 'relayfleet queue retry --id 01K8ZC6YB3V4WQ0N2M7T5RXH9E --yes' },
    { does: 'A suspension has ended', line: 'relayfleet queue retry --platform shop/orders --state held' },
    { does: 'Everything, without waiting for it', line: 'relayfleet queue retry --all --yes --wait=false' },
  ],
  run: async (call, terminal) => {
    const state = (call.text('state') ?? 'deferred') as MailState;
    const why = notRetried[state];
    if (why !== undefined) return misused(why);
    const held = state === 'held';
    return placeOrder(call, terminal, {
      states: held ? ['held'] : ['deferred', 'held'],
      deed: (counts) => `try ${held ? 'what is held, ' : ''}${entriesOf(counts)} now`,
      nothing: 'Nothing waits for its time that matches.',
      orderOf: (common) => ({ ...common, kind: 'retry', held }),
      carriedOut: 'They were brought forward; nodes try them now.',
    });
  },
};

export const queueDropCommand: Command = {
  name: 'queue drop',
  summary: 'End mail without another attempt, or erase dead letters.',
  description: `${orderEffects.drop}\nMail that is accepted after the call is not meant. Every recipient's final state is recorded as "dropped", with --bounce as "bounced". Once it is carried out the order is withdrawn, and its reason with it: "relayfleet trace" then tells its name alone. Notices to senders that wait, bounces among them, match like the mail they are about and are dropped with it; --bounce spares them. "--state dead" erases what lies among the dead letters: it is evidence only, each has had its final state.`,
  flags: orderFlags(
    stateFlag(
      '"held": drop only what is held. "dead": erase dead letters instead. By any other state nothing can be dropped, and the command says why.',
    ),
    { name: 'bounce', description: 'Tell the senders, as of any mail that fails.' },
    waitFlag,
  ),
  examples: [
    { does: 'See what it would be about', line: 'relayfleet queue drop --platform shop/orders --dry-run' },
    { does: 'Drop it, and tell the senders', line: 'relayfleet queue drop --platform shop/orders --bounce' },
    { does: 'Drop what a hold keeps', line: 'relayfleet queue drop --to example.com --state held' },
    { does: 'Erase dead letters older than a week', line: 'relayfleet queue drop --state dead --older-than 7d --yes' },
  ],
  run: async (call, terminal) => {
    const bounce = call.isSet('bounce');
    const state = call.text('state') as MailState | undefined;
    if (state === 'dead') return eraseDeadLetters(call, terminal);
    if (state !== undefined && state !== 'held') return misused(notDroppedBy(state));
    return placeOrder(call, terminal, {
      states: state === undefined ? waitingStates : [state],
      deed: (counts) =>
        `drop ${state === undefined ? '' : 'what is held, '}${entriesOf(counts)}${bounce ? ' and tell their senders' : ' and tell nobody'}`,
      nothing: 'Nothing waits that matches.',
      orderOf: ({ filter, ...common }) => {
        const acceptedBefore = Math.min(common.at, filter.acceptedBefore ?? common.at); // what was counted, and no later mail
        const given = { ...common, filter: { ...filter, acceptedBefore }, kind: 'drop', bounce } as const;
        return state === undefined ? given : { ...given, held: true };
      },
      carriedOut: 'Nothing is left of it.',
    });
  },
};

/** An order is obeyed by whoever has the entry in hand, some time after it was counted. */
function notDroppedBy(state: MailState): string {
  return `no order can be about what is ${state}: mail leaves that state by itself before the order is carried out. Drop by platform, destination, lane, age or id; what is held stays so, and --state held drops it`;
}
