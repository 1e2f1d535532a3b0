// How lately each node was heard of, by our own clock: a node's clock may be wrong, and ours may jump.
// The first word of a node is taken at its own time, since it may have lain in the bucket for days; every later one was said when
// it came in, measured by a clock that only runs forward.
import { acknowledgementExpiryMs, type Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';

export type Hearing = {
  /** Takes every node's latest word; returns whether it tells anything that a plan could depend on. */
  hear(latest: readonly Acknowledgement[]): boolean;
  /** What was heard, `at` being the time by our clock. */
  acknowledgements(): readonly Acknowledgement[];
};

export type Clocks = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
};

type Heard = { readonly said: Acknowledgement; readonly at: number };

export function createHearing({ now, monotonic }: Clocks): Hearing {
  let nodes = new Map<string, Heard>();

  function take(said: Acknowledgement): Heard {
    const before = nodes.get(said.node);
    if (before?.said.at === said.at) return { ...before, said };
    const age = before === undefined ? Math.max(0, now() - said.at) : 0;
    return { said, at: monotonic() - age };
  }

  return {
    hear(latest) {
      const next = new Map(latest.map((said) => [said.node, take(said)]));
      const news =
        next.size !== nodes.size || [...next].some(([node, heard]) => isNews(nodes.get(node), heard, monotonic()));
      nodes = next;
      return news;
    },
    acknowledgements: () =>
      [...nodes.values()].map(({ said, at }) => ({ ...said, at: Math.round(now() - (monotonic() - at)) })),
  };
}

function isNews(before: Heard | undefined, heard: Heard, monotonicNow: number): boolean {
  if (before === undefined || monotonicNow - before.at >= acknowledgementExpiryMs) return true;
  const told = (said: Acknowledgement) => JSON.stringify({ ...said, at: 0 });
  return told(before.said) !== told(heard.said);
}
