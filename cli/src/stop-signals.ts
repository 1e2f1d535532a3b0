// Ctrl-C and its kin as two abort signals: the first one asks to stop, the second one forces it.

/** A terminal and npm may both pass on one Ctrl-C: what comes this soon after the first is the same one. */
const sameMs = 400;

export function stopSignals(onFirst: () => void): { readonly stop: AbortSignal; readonly force: AbortSignal } {
  const stop = new AbortController();
  const force = new AbortController();
  let first = 0;
  const onSignal = (): void => {
    const now = performance.now();
    if (!stop.signal.aborted) {
      first = now;
      onFirst();
      stop.abort();
    } else if (now - first > sameMs) force.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return { stop: stop.signal, force: force.signal };
}
