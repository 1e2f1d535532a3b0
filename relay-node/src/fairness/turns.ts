// Whose turn it is among the entries a lane has in hand, so that no destination, however slow, keeps the lane's slots from others.
// A destination may have twice as many turns as slots are left: one alone gets two thirds of them, two get two fifths each, and a
// slot is always left for one more. It need not be told who else waits in the queue, nor how many destinations there are.
// Surplus waits in hand for a moment while the destination moves on; otherwise it is for the queue again.
// (Dynamic thresholds, Choudhury and Hahne, IEEE/ACM Transactions on Networking 6 (2), 1998.) Refuses to know what an entry is.

export type Turn =
  /** `end` gives the turn back, once. */
  | { readonly kind: 'now'; end(): void }
  /** The destination has its share, and is slow: others are served better by the slot. */
  | { readonly kind: 'surplus' }
  /** The lane is stopping. */
  | { readonly kind: 'stopped' };

export type Turns = { next(destination: string): Promise<Turn> };

export type TurnsOptions = {
  /** Entries the lane has in hand at most. */
  readonly slots: number;
  /** Of a clock that is never set, in milliseconds. */
  readonly now: () => number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  readonly patience?: Patience;
};

export type Patience = {
  /** Surplus waits this long for a turn. */
  readonly waitMs: number;
  /** After one waited in vain, the destination's surplus does not wait at all for so long. */
  readonly slowMs: number;
};

export const standardPatience: Patience = { waitMs: 1_000, slowMs: 5_000 };

type Destination = { turns: number; readonly waiting: Set<(turn: Turn) => void>; slowUntil: number };

export function openTurns({ slots, now, signal, patience = standardPatience }: TurnsOptions): Turns {
  const destinations = new Map<string, Destination>();
  let taken = 0;

  const hasTurn = ({ turns }: Destination) => turns < 2 * (slots - taken);
  const begin = (name: string, destination: Destination): Turn => {
    let ended = false;
    destination.turns++;
    taken++;
    const end = () => {
      if (ended) return;
      ended = true;
      destination.turns--;
      taken--;
      callWaiting();
      forgetIfUnused(name, destination);
    };
    return { kind: 'now', end };
  };
  /** A turn given back may be any destination's. */
  const callWaiting = () => {
    for (const [name, destination] of destinations)
      for (const settle of destination.waiting) if (hasTurn(destination)) settle(begin(name, destination));
  };
  const forgetIfUnused = (name: string, { turns, waiting }: Destination) => {
    if (turns === 0 && waiting.size === 0) destinations.delete(name);
  };

  const wait = (name: string, destination: Destination) =>
    new Promise<Turn>((resolve) => {
      const settle = (turn: Turn) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        destination.waiting.delete(settle);
        resolve(turn);
      };
      const stop = () => settle({ kind: 'stopped' });
      const timer = setTimeout(() => {
        destination.slowUntil = now() + patience.slowMs;
        settle({ kind: 'surplus' });
        forgetIfUnused(name, destination);
      }, patience.waitMs);
      signal.addEventListener('abort', stop, { once: true });
      destination.waiting.add(settle);
    });

  return {
    next: async (name) => {
      if (signal.aborted) return { kind: 'stopped' };
      const destination = destinations.get(name) ?? { turns: 0, waiting: new Set(), slowUntil: 0 };
      destinations.set(name, destination);
      if (destination.waiting.size === 0 && hasTurn(destination)) return begin(name, destination);
      return destination.slowUntil > now() ? { kind: 'surplus' } : wait(name, destination);
    },
  };
}
