// Tells the operator what this node holds: after every manifest, and as a heartbeat. An acknowledgement that cannot be written is
// only counted; the next heartbeat says the same. RelayDomains become Programmed by what is said here.
import { heartbeatMs, type Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { Acknowledger } from '@relayfleet/jetstream/acknowledgements.ts';

export type AcknowledgeDeps = {
  readonly acknowledger: Acknowledger;
  readonly node: string;
  readonly version: string;
  /** Whether the node takes mail; asked for every acknowledgement. */
  readonly ready: () => boolean;
  readonly events: { acknowledged(result: 'written' | 'failed'): void };
  readonly now: () => number;
  /** Runs `work` once after `ms`; returns how to prevent it. */
  readonly later: (ms: number, work: () => void) => () => void;
};

/** What the node holds at the moment, and what it found out about it. */
export type Holding = Pick<Acknowledgement, 'generation' | 'keyIds' | 'problems' | 'missingHosts'>;

export type Acknowledging = {
  /** Says it now. Never rejects. */
  say(): Promise<void>;
  /** Stops, and takes the acknowledgement away. Never rejects. */
  stop(): Promise<void>;
};

/** Starts the heartbeat. */
export function keepAcknowledging(deps: AcknowledgeDeps, holding: () => Holding): Acknowledging {
  const { acknowledger, node, version, events, later } = deps;
  let cancel = () => {};
  const say = () => {
    const { generation, ...held } = holding();
    const highestSeen = generation; // generations only grow while a node holds one
    const about = { v: 1, node, version, at: deps.now(), ready: deps.ready() } as const;
    return acknowledger.put({ ...about, generation, highestSeen, ...held }).then(
      () => events.acknowledged('written'),
      () => events.acknowledged('failed'),
    );
  };
  const beat = () => {
    cancel = later(heartbeatMs, beat);
    void say();
  };
  beat();
  return {
    say,
    stop: async () => {
      cancel();
      await acknowledger.remove().catch(() => undefined); // it expires by itself
    },
  };
}
