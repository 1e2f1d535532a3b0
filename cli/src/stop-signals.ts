// Ctrl-C and its kin as two abort signals: the first one asks to stop, the second one forces it.

/** A terminal and npm may both pass on one Ctrl-C: what comes this soon after the first is the same one. */
const sameMs = 400;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof signals)[number];

export function stopSignals(onFirst: (signal: StopSignal) => void): {
  readonly stop: AbortSignal;
  readonly force: AbortSignal;
} {
  const stop = new AbortController();
  const force = new AbortController();
  let first = 0;
  const onSignal = (signal: StopSignal): void => {
    const now = performance.now();
    if (!stop.signal.aborted) {
      first = now;
      onFirst(signal);
      stop.abort();
    } else if (now - first > sameMs) force.abort();
  };
  for (const name of signals) process.on(name, () => onSignal(name));
  return { stop: stop.signal, force: force.signal };
}
