// What a dead destination costs the others: the pace of living mail before and while a backlog waits for a host that is down, its
// retries falling due meanwhile; then the host comes back, and everything must leave.
import { setTimeout as wait } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { deadDomain } from './relayfleet.ts';
import { send, startReceiver, submit, type Receiver } from './round.ts';

export type Backlog = {
  readonly mails: number;
  readonly fillSeconds: number;
  /** Mails/s of living mail, slices in the order they were measured. */
  readonly before: readonly number[];
  readonly during: readonly number[];
  /** From the moment the host is back until the last mail has left it. */
  readonly emptySeconds: number;
};

export type BacklogSettings = {
  readonly mails: number;
  readonly slice: number;
  readonly slices: number;
  readonly deadPort: number;
  readonly progress: (step: string) => void;
};

const connections = 20;
const mostEmptySeconds = 3_600;

export async function measureBacklog(
  contender: Contender,
  receiver: Receiver,
  { mails, slice, slices, deadPort, progress }: BacklogSettings,
): Promise<Backlog> {
  let first = 0;
  const pace = async () => {
    const { sent } = await send(contender, receiver, { first, count: slice, connections });
    const arrivals = [...sent.keys()].map((sequence) => receiver.arrivals.get(sequence) ?? Number.NaN);
    first += slice;
    return (slice * 1000) / (Math.max(...arrivals) - Math.min(...sent.values()));
  };
  const measure = async (count: number) => {
    const figures: number[] = [];
    for (let n = 1; n <= count; n++) {
      figures.push(await pace());
      progress(`${n} of ${count}: ${figures.at(-1)!.toFixed(0)} mails/s of living mail`);
    }
    return figures;
  };
  await pace(); // warm up
  const before = await measure(slices);

  const beganFilling = performance.now();
  const recipient = `user@${deadDomain}`;
  const { accepted } = await submit(contender, { first, count: mails, connections, recipient });
  first += mails;
  const fillSeconds = (performance.now() - beganFilling) / 1000;
  progress(`${mails} mails for a dead host taken in ${fillSeconds.toFixed(0)} s`);
  await pace(); // behind the last of them, which are still on their way to being deferred
  const during = await measure(3 * slices);

  const revived = await startReceiver(deadPort);
  const beganEmptying = performance.now();
  const seconds = () => (performance.now() - beganEmptying) / 1000;
  let toldAt = 0;
  while (revived.arrivals.size < accepted.size && seconds() < mostEmptySeconds) {
    await wait(200);
    if (seconds() - toldAt < 30) continue;
    toldAt = seconds();
    progress(`the host is back for ${toldAt.toFixed(0)} s: ${revived.arrivals.size} of ${accepted.size} have left`);
  }
  const emptySeconds = seconds();
  revived.stop();
  const missing = accepted.size - revived.arrivals.size;
  if (missing > 0)
    throw new Error(
      `${missing} of ${accepted.size} mails had not left ${mostEmptySeconds} s after their host was back`,
    );
  return { mails, fillSeconds, before, during, emptySeconds };
}
