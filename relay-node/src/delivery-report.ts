// What delivery tells the rest of the node, one call for each event: events.ts makes log lines and figures of them, tests look at them.
// Refuses to know who listens. No call carries an address.
import type { AcceptedEvent, AttemptedEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import type { HoldReason } from './policy/instruction.ts';

type Owners = { readonly platform: string; readonly domain: string };

export type DeliveryReport = {
  accepted(event: AcceptedEvent): void;
  /** `hop` is the host name tried last, empty when none was. */
  attempted(event: AttemptedEvent, hop: string): void;
  settled(event: SettledEvent): void;
  /** An entry was put back unsent: its domain, platform or fleet is suspended, or somebody ordered that it be held. */
  held(event: Owners & { readonly reason: HoldReason }): void;
  /** An entry was put back unsent: its destination is slow, and has its share of this node. */
  pushedBack(event: Owners): void;
  /** An entry could not be worked on, and comes again later. */
  setBack(event: Owners & { readonly id: string; readonly setback: Setback }): void;
  /** An entry no node could work on went to the dead letters. */
  buried(event: { readonly subject: string; readonly reason: string }): void;
  /** The queue or the event log did not take a write or answer a read; it is being tried again. */
  queueProblem(what: string): void;
  /** A key of a domain cannot be used. */
  keyProblem(problem: { readonly domain: string; readonly problem: string }): void;
  /** A defect of ours; the entry comes again. */
  deliveryDefect(error: Error): void;
};
