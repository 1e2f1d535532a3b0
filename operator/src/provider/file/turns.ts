// Who may touch the state directory when: a look at all of it is alone, writes of different things go side by side.
// Nothing here knows what is looked at or written.

export type Turns = {
  /** After everything asked for before, and before everything asked for later. */
  alone<T>(task: () => Promise<T>): Promise<T>;
  /** Beside others, but after what was asked for before under the same key. */
  beside<T>(key: string, task: () => Promise<T>): Promise<T>;
};

export function createTurns(): Turns {
  const byKey = new Map<string, Promise<unknown>>();
  let lastAlone: Promise<unknown> = Promise.resolve();
  return {
    alone(task) {
      const next = Promise.all([lastAlone, ...byKey.values()]).then(task);
      lastAlone = next.catch(() => undefined);
      return next;
    },
    beside(key, task) {
      const next = Promise.all([lastAlone, byKey.get(key)]).then(task);
      const ended = next
        .catch(() => undefined)
        .then(() => {
          if (byKey.get(key) === ended) byKey.delete(key);
        });
      byKey.set(key, ended);
      return next;
    },
  };
}

/** Runs a task for each item, some at once, the rest after them. Rejects with the first failure. */
export async function forEachOf<T>(items: Iterable<T>, task: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  for (let start = 0; start < waiting.length; start += atOnce)
    await Promise.all(waiting.slice(start, start + atOnce).map(task));
}

const atOnce = 32;
