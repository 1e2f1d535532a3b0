// What the status of a deleted RelayDomain or SenderPlatform says until its mail has left. Refuses to know how that is found out.
import type { Refusal } from '../reconcile/resolved.ts';

/** `queued` is undefined while nobody has counted. */
export type Draining = { readonly queued: number | undefined; readonly message: string };

/** Goes before a suspension: the message names that where it is what the mail waits for. */
export function draining(drain: Draining | undefined): Refusal | undefined {
  return drain && { reason: 'Draining', message: drain.message };
}

export function queuedOf(drain: Draining | undefined): { readonly queued?: number } {
  return drain?.queued === undefined ? {} : { queued: drain.queued };
}
