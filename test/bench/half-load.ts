// How long a client waits for its 250 while the relay is half busy: mails begin at half the rate it was measured to reach, on time,
// whatever became of those before them, so that a stall shows in the wait of all that should have begun meanwhile.
import type { Contender } from './contender.ts';
import { percentiles, send, type Receiver } from './round.ts';

export type HalfLoad = {
  readonly perSecond: number;
  readonly acceptMs: { readonly p50: number; readonly p99: number };
};

const seconds = 15;
const connections = 20;

/** `first` is the next sequence number; `full` the mails/s of full load. */
export async function halfLoad(
  contender: Contender,
  receiver: Receiver,
  { first, full }: { readonly first: number; readonly full: number },
): Promise<HalfLoad> {
  const perSecond = full / 2;
  const count = Math.ceil(perSecond * seconds);
  const { sent, accepted } = await send(contender, receiver, { first, count, connections, perSecond });
  const waits = [...accepted].map(([sequence, at]) => at - (sent.get(sequence) ?? Number.NaN));
  return { perSecond, acceptMs: percentiles(waits) };
}
