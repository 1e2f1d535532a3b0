// Whether this node is of use (liveness) and should be given connections (readiness), as words that say what stands against it.
// Pure: asked with the facts of the moment.

export type NodeFacts = {
  readonly now: number;
  /** Since when NATS has been away; undefined while connected. */
  readonly natsAwaySince: number | undefined;
  readonly configured: boolean;
  readonly listening: boolean;
  readonly stopping: boolean;
  /** What ended the node's connection for good. */
  readonly fatal: string | undefined;
  /** When the event loop last came round. */
  readonly lastTick: number;
};

/** NATS may be away this long before clients are sent to other nodes. */
export const natsPatienceMs = 30_000;
/** An event loop that stood still longer than this is broken. */
export const stallMs = 60_000;
export const tickMs = 5_000;

/** A restart would help. */
export function livenessProblems({ fatal, now, lastTick }: NodeFacts): readonly string[] {
  return [
    ...(fatal === undefined ? [] : [fatal]),
    ...(now - lastTick > stallMs ? [`event loop stood still for ${Math.round((now - lastTick) / 1000)} s`] : []),
  ];
}

/** Clients should connect elsewhere for now. */
export function readinessProblems(facts: NodeFacts): readonly string[] {
  const away = facts.natsAwaySince === undefined ? 0 : facts.now - facts.natsAwaySince;
  return [
    ...livenessProblems(facts),
    ...(facts.stopping ? ['stopping'] : []),
    ...(facts.configured ? [] : ['no configuration yet: waiting for the operator’s first snapshot']),
    ...(facts.listening ? [] : ['listeners are not up']),
    ...(away > natsPatienceMs ? [`NATS has been away for ${Math.round(away / 1000)} s`] : []),
  ];
}
