// Which retry policy is in force for an entry: its platform's, what that leaves out its fleet's, and else the standard one.
// A notice goes by its fleet's: what a sender is told of a mail that was worth nothing after five minutes is worth more.
// Refuses to know what follows from a policy; that is schedule.ts.
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { platformOf, type Snapshot } from '@relayfleet/contract/snapshot.ts';
import { standardDelays, standardLateMs } from './schedule.ts';

/** The least a RelayFleet or SenderPlatform may have a mail wait. */
export const shortestDelayMs = 30_000;

export type RetryPolicy = {
  /** Age at which a mail is given up. */
  readonly maxAgeMs: number;
  /** Waits after the 1st, 2nd, ... failed attempt; the last one repeats. */
  readonly delays: readonly number[];
  /** Age at which the sender of a waiting mail is told; Infinity: never. */
  readonly lateMs: number;
};

/** What this node was started with, before all policy. */
export type RetryOverrides = {
  /** Milliseconds; empty means as the policy says. */
  readonly retryDelays: readonly number[];
  readonly lateMs?: number;
};

export function retryPolicyOf(
  { fleet, platforms }: Pick<Snapshot, 'fleet' | 'platforms'>,
  entry: Pick<Envelope, 'platform' | 'kind'>,
  overrides: RetryOverrides,
): RetryPolicy {
  const own = entry.kind === 'mail' ? platformOf({ platforms }, entry.platform)?.retry : undefined;
  const { maxAgeMs, delaysMs = standardDelays, lateMs = standardLateMs } = fleet.retry;
  return {
    maxAgeMs: Math.min(own?.maxAgeMs ?? maxAgeMs, maxAgeMs),
    delays: overrides.retryDelays.length > 0 ? overrides.retryDelays : (own?.delaysMs ?? delaysMs),
    lateMs: overrides.lateMs ?? (lateMs === 0 ? Infinity : lateMs),
  };
}
