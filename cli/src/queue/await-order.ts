// Waiting until an order is carried out: whoever carries it out withdraws it. Tells how much is left; changes nothing, and leaves the
// order in force when nobody waits any more.
import { setTimeout as delay } from 'node:timers/promises';
import type { OrderBook } from '@relayfleet/jetstream/orders.ts';

export type Waiting = {
  readonly book: Pick<OrderBook, 'list'>;
  readonly names: readonly string[];
  /** How many entries the orders are about now. Rejections are passed over: it is only told. */
  readonly left: () => Promise<number>;
  readonly say: (text: string) => void;
  readonly stop: AbortSignal;
  /** Default: the clock's. */
  readonly pause?: (ms: number) => Promise<void>;
};

const lookEveryMs = 500;
const tellEveryLooks = 4;
/** Counting a long queue takes a while, and the server has other work. */
const restFactor = 4;
/** Looks after which it is worth asking whether anybody works. */
const idleLooks = 60;

export async function untilCarriedOut(waiting: Waiting): Promise<'done' | 'interrupted'> {
  const { book, names, stop } = waiting;
  const pause = waiting.pause ?? ((ms) => delay(ms, undefined, { signal: stop }).catch(() => undefined));
  const tell = createTeller(waiting);
  for (let looks = 1; !stop.aborted; looks++) {
    const standing = await book.list().catch(() => undefined); // not knowing is not "done"
    if (standing !== undefined && !standing.some(({ name }) => names.includes(name))) return 'done';
    await tell(looks);
    await pause(lookEveryMs);
  }
  return 'interrupted';
}

/** Says, look by look, what there is to say. */
function createTeller({ left, say }: Pick<Waiting, 'left' | 'say'>): (looks: number) => Promise<void> {
  let told: number | undefined;
  let changedAt = 0;
  let countAt = tellEveryLooks;
  let asked = false;
  return async (looks) => {
    if (looks < countAt) return;
    const started = performance.now();
    const count = await left().catch(() => told);
    countAt = looks + tellEveryLooks + Math.floor((restFactor * (performance.now() - started)) / lookEveryMs);
    if (count !== told) {
      say(`${count} left\n`);
      told = count;
      changedAt = looks;
    } else if (looks - changedAt >= idleLooks && !asked) {
      say('Nothing has changed for half a minute: is the operator running, and NATS? Still waiting.\n');
      asked = true;
    }
  };
}
