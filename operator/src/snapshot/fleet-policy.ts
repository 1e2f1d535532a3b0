// A fleet's own settings as its nodes are told them: the spec, with names filled in and durations in milliseconds.
// Refuses to know domains, platforms and Secrets.
import type { FleetPolicy } from '@relayfleet/contract/snapshot.ts';
import { bytes, milliseconds } from '../quantities.ts';
import type { ResolvedFleet } from '../reconcile/resolved.ts';

/** `listenerHost` is the name clients use, which is also the EHLO name where the spec gives none. */
export function fleetPolicy(fleet: ResolvedFleet, listenerHost: string): FleetPolicy {
  const { spec, metadata } = fleet.object;
  const { maxMessageBytes, maxRecipients, maxConnections, connectionsPerDestination, maxDeferred } = spec.limits;
  return {
    ref: fleet.ref,
    uid: metadata.uid,
    helloName: spec.egress.helloName ?? listenerHost,
    suspended: fleet.suspended,
    tlsFloor: spec.tls.minVersion,
    limits: { maxMessageBytes, maxRecipients, maxConnections, connectionsPerDestination, maxDeferred },
    storageBytes: bytes(spec.nats.storage),
    retry: {
      maxAgeMs: milliseconds(spec.retry.maxAge),
      delaysMs: spec.retry.schedule.map(milliseconds),
      lateMs: milliseconds(spec.retry.delayNoticeAfter),
    },
    allowedPrivateNetworks: spec.egress.allowedPrivateNetworks.toSorted(),
  };
}
