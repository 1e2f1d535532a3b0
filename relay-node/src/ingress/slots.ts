// A bounded number of works at once, and of others that wait for their turn. Fair by key: a flood waits for itself.
// Refuses to know what the work is, and what becomes of those turned away.

export type Slots = {
  /** `key` says whose turn it is: of those waiting, every key gets one in turn. */
  run<T>(key: string, work: () => Promise<T>): Promise<T | 'busy'>;
};

/**
 * Runs at most `atOnce` works; up to `waiting` more wait their turn. Beyond that, the key with most waiting loses its last one: who
 * floods turns away himself, and others still get through.
 */
export function createSlots(atOnce: number, waiting: number): Slots {
  let running = 0;
  const line = createLine();
  return {
    async run(key, work) {
      if (running < atOnce) running += 1;
      else {
        const turn = line.join(key);
        if (line.length() > waiting) line.shorten();
        if ((await turn) === 'busy') return 'busy'; // otherwise the slot was handed over, so `running` stays
      }
      try {
        return await work();
      } finally {
        if (!line.advance()) running -= 1;
      }
    },
  };
}

type Turn = 'now' | 'busy';

/** Those who wait, by key; the keys themselves stand in a ring. */
function createLine() {
  const queues = new Map<string, ((turn: Turn) => void)[]>();
  let length = 0;
  const leave = (key: string, queue: readonly unknown[], call: ((turn: Turn) => void) | undefined, turn: Turn) => {
    if (queue.length === 0) queues.delete(key);
    length -= 1;
    call?.(turn);
  };
  return {
    length: () => length,
    join(key: string): Promise<Turn> {
      const { promise, resolve } = Promise.withResolvers<Turn>();
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, [resolve]);
      else queue.push(resolve);
      length += 1;
      return promise;
    },
    /** Calls the next one; false when nobody waits. */
    advance(): boolean {
      for (const [key, queue] of queues) {
        queues.delete(key);
        queues.set(key, queue); // to the back of the ring
        leave(key, queue, queue.shift(), 'now');
        return true;
      }
      return false;
    },
    /** Turns away the last one of the longest queue; of several as long, of the key that came last. */
    shorten(): void {
      const [first, ...others] = queues;
      if (first === undefined) return;
      const [key, queue] = others.reduce(
        (longest, each) => (each[1].length >= longest[1].length ? each : longest),
        first,
      );
      leave(key, queue, queue.pop(), 'busy');
    },
  };
}
