// Whether the relay nodes find the smarthosts of a domain's routes in DNS: the condition Routable, and whether mail waits for it.
// Every node asks its own resolver, so one that differs is told too. Refuses to know a domain's other troubles.
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { WantedCondition } from '@relayfleet/contract/conditions.ts';
import type { Refusal } from '../reconcile/resolved.ts';

export type Routability = {
  readonly condition: WantedCondition;
  /** A route has no smarthost left that is found: its mail waits. */
  readonly waits: Refusal | undefined;
};

type RouteState = { readonly route: string; readonly lost: readonly string[]; readonly isDead: boolean };

/** `nodes` are those heard of lately on the domain's fleets. Undefined for a domain without smarthosts. */
export function routability({ spec }: RelayDomain, nodes: readonly Acknowledgement[]): Routability | undefined {
  const routes = (spec.routes ?? []).filter(({ smarthosts }) => smarthosts !== undefined);
  if (routes.length === 0) return undefined;
  const looked = nodes.flatMap(({ missingHosts }) => (missingHosts ? [missingHosts] : []));
  const told = looked.map((hosts) => hosts.filter(({ domain }) => domain === spec.domain));
  const states = routes.map(({ name: route, smarthosts = [] }): RouteState => {
    const missing = new Set(told.flat().flatMap((each) => (each.route === route ? each.host : [])));
    const lost = smarthosts.map(({ host }) => host).filter((host) => missing.has(host.toLowerCase()));
    return { route, lost, isDead: lost.length === smarthosts.length };
  });
  const ailing = states.filter(({ lost }) => lost.length > 0);
  if (looked.length === 0) return open('Unknown', 'Pending', 'No relay node has looked yet.');
  if (ailing.length === 0) return open('True', 'Routable', 'Every smarthost’s name leads to an address.');
  const witnesses = `${told.filter((hosts) => hosts.length > 0).length} of ${looked.length} relay nodes see it so`;
  const message = `${ailing.map(sentence).join('; ')} (${witnesses}): correct the name in spec.routes, or its record in DNS`;
  const refusal: Refusal = { reason: 'SmarthostNotFound', message };
  return {
    condition: { type: 'Routable', status: 'False', ...refusal },
    waits: ailing.some(({ isDead }) => isDead) ? refusal : undefined,
  };
}

function open(status: 'Unknown' | 'True', reason: 'Pending' | 'Routable', message: string): Routability {
  return { condition: { type: 'Routable', status, reason, message }, waits: undefined };
}

function sentence({ route, lost, isDead }: RouteState): string {
  const hosts = `${lost.join(', ')} of route ${route} ${lost.length === 1 ? 'leads' : 'lead'} to no address in DNS`;
  return isDead ? `${hosts}, and its mail waits` : `${hosts}, and its mail goes to the route’s other smarthosts`;
}
