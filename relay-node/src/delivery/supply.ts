// What is sent of a message while it is still being read: one piece ahead of what the next hop takes, so that neither waits for the
// other longer than it must. Only a reading that ends and says "intact" is the end of the message.
import type { Supply } from './dot-stuffing.ts';

/** The part of a message that is not at hand. */
export type Rest = {
  /** Octets of all of it. */
  readonly size: number;
  /** Reads it from its beginning, anew for each call; whether it was right is known at its end. Rejects when it cannot be read now. */
  read(): AsyncGenerator<Buffer, 'intact' | 'damaged'>;
};

/** In a word, why there is no more of it. */
export type SupplyFailure = 'BODY_DAMAGED' | 'BODY_UNREAD';

export type Listener = {
  /** There is a piece to take, or it is over. */
  readonly onArrival: () => void;
  readonly onFailure: (why: SupplyFailure) => void;
};

/** Begins to read at once; tells nobody anything any more once it is stopped. */
export function openSupply(rest: Rest, { onArrival, onFailure }: Listener): Supply & { stop(): void } {
  const reading = rest.read();
  let piece: Buffer | undefined;
  let over = false;
  let stopped = false;
  const fetch = async () => {
    const next = await reading.next().catch(() => undefined);
    if (stopped) return;
    if (next === undefined) return onFailure('BODY_UNREAD');
    if (next.done !== true) piece = next.value;
    else if (next.value === 'intact') over = true;
    else return onFailure('BODY_DAMAGED');
    onArrival();
  };
  void fetch();
  return {
    take() {
      const taken = piece;
      piece = undefined;
      if (taken !== undefined) void fetch();
      return taken;
    },
    isOver: () => over,
    stop() {
      stopped = true;
      piece = undefined;
      void reading.return('damaged').catch(() => undefined);
    },
  };
}
