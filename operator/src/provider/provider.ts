// What the operator needs from the place its objects live in: read them all, hear of changes, write Secrets and statuses.
// A directory of manifests and a kube-apiserver both give it; nothing else in the operator knows which one it is.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { WantedFinalizer, WantedSecret, WantedStatus } from '../plan.ts';
import type { World } from '../world.ts';

export type Observed = Pick<
  World,
  'fleets' | 'domains' | 'platforms' | 'namespaces' | 'secrets' | 'otherSecrets' | 'invalid'
>;

/** A write that did not happen; tried again later. The problem is a sentence without secrets. */
export type Written =
  { readonly ok: true; readonly changed: boolean } | { readonly ok: false; readonly problem: string };

export type Provider = {
  /** Resolves once everything has been read for the first time. `onChange` is called after each later change. */
  start(onChange: () => void): Promise<void>;
  /** The present state; what this provider has written itself is in it at once. */
  read(): Observed;
  applySecret(wanted: WantedSecret): Promise<Written>;
  /** Does nothing when the stored status is equal already. */
  writeStatus(wanted: WantedStatus): Promise<Written>;
  /** Sets our finalizer on an object, or takes it away, upon which a deleted one is gone. */
  writeFinalizer(wanted: WantedFinalizer): Promise<Written>;
  /** Notes the high-water mark of a fleet's configuration on its keys Secret, durably. */
  noteGeneration(keysSecret: ObjectRef, generation: number): Promise<Written>;
  /** What stands against being ready, in words. */
  problems(): readonly string[];
  close(): Promise<void>;
};
