// The one Secret a relay node is started with: how to reach NATS as a node, and how to open and trust its configuration.
// Refuses to know what the configuration says.
import { bootstrapFile, type Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import type { FleetNats, ResolvedFleet } from '../reconcile/resolved.ts';

/** Keys and values; undefined while a part is missing, so that nodes keep the bootstrap they have. */
export function bootstrapData({
  ref,
  object,
  nats,
  keys,
}: ResolvedFleet): Readonly<Record<string, string>> | undefined {
  if (nats?.node === undefined || keys === undefined) return undefined;
  const bootstrap: Bootstrap = {
    v: 1,
    fleet: ref,
    fleetUid: object.metadata.uid,
    fleetKeys: [keys.fleetKey],
    operatorKeys: [keys.operatorPublicKey],
    nats: natsOf(nats, nats.node),
  };
  return { [bootstrapFile]: `${JSON.stringify(bootstrap, null, 2)}\n` };
}

function natsOf({ url, ca }: FleetNats, node: NonNullable<FleetNats['node']>): Bootstrap['nats'] {
  return { url, username: node.username, password: node.password, ...(ca !== undefined && { ca }) };
}
