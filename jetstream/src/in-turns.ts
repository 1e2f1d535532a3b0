// Many small questions, a few at a time: an unbounded `Promise.all` over a queue would ask a server a hundred thousand at once.
// Knows nothing of what is asked.

/** The answers in the order of `items`. Rejects with the first failure, and then asks nothing more. */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  ask: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const answers: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        answers[index] = await ask(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return answers;
}
