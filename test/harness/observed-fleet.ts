// What the operator sees of a fleet whose bucket holds, as generation 7, what some world wanted, and of the nodes that follow it.
import assert from 'node:assert/strict';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { plan } from '../../operator/src/plan-world.ts';
import { advanceEntries } from '../../operator/src/snapshot/entries.ts';
import type { FleetObservation, World } from '../../operator/src/world.ts';
import { testNow } from '../../operator/src/testing/objects.ts';

/** `nodes`: what each says beside having adopted generation 7; `nats`: what is wrong with the connection. */
export function observedSeven(
  before: World,
  nodes: readonly Partial<Acknowledgement>[],
  nats?: string,
): FleetObservation {
  const [snapshot] = plan(before).snapshots;
  assert.ok(snapshot);
  const { content, digest, entries } = snapshot;
  const said = {
    v: 1 as const,
    node: 'x',
    version: '1',
    at: testNow,
    generation: 7,
    highestSeen: 7,
    keyIds: [],
    ready: true,
  };
  return {
    nats: nats === undefined ? { ok: true } : { ok: false, problem: nats },
    published: { generation: 7, digest, at: testNow, content, entries: advanceEntries(undefined, entries, 7) },
    acknowledgements: nodes.map((node) => ({ ...said, problems: [], ...node })),
  };
}
