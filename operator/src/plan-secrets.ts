// The Secrets that should hold exactly what the resources say: a bootstrap for the nodes of each fleet, a binding for each
// platform. A Secret whose parts are not all there is not wanted yet, and what it holds is left alone.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { bindingData } from './desired/binding-secret.ts';
import { bootstrapData } from './desired/bootstrap-secret.ts';
import { ownedSecret } from './owned-secrets.ts';
import type { WantedSecret } from './plan.ts';
import type { Resolution } from './plan-fleets.ts';
import { listenerHost } from './reconcile/listener-certificate.ts';
import type { ResolvedFleet, ResolvedPlatform } from './reconcile/resolved.ts';
import type { WorldIndex } from './reconcile/world-index.ts';
import { acceptedBy } from './snapshot/build.ts';

export function planSecrets({ index, fleets, platforms }: Resolution): readonly WantedSecret[] {
  const byRef = new Map(fleets.map((fleet) => [refKey(fleet.ref), fleet]));
  return [
    ...fleets.flatMap((fleet) => bootstrapSecret(fleet) ?? []),
    ...platforms.flatMap((platform) => bindingSecret(index, platform, byRef) ?? []),
  ];
}

function bootstrapSecret(fleet: ResolvedFleet): WantedSecret | undefined {
  const data = fleet.refusal === undefined ? bootstrapData(fleet) : undefined;
  return data && ownedSecret(fleet.object, 'bootstrap', { type: 'Opaque', data });
}

/** A binding has one host: that of the first fleet that carries the first domain; it lists the domains that fleet carries. */
function bindingSecret(
  index: WorldIndex,
  platform: ResolvedPlatform,
  fleets: ReadonlyMap<string, ResolvedFleet>,
): WantedSecret | undefined {
  const domains = platform.bindings.flatMap(({ domain, refusal }) => (domain && refusal === undefined ? domain : []));
  const carriers = domains.flatMap(({ bindings }) => bindings.filter(({ refusal }) => refusal === undefined));
  const fleet = carriers.flatMap((binding) => fleets.get(refKey(binding.fleet)) ?? [])[0];
  if (fleet === undefined || platform.secret.state !== 'usable' || fleet.listenerCa.state !== 'usable')
    return undefined;
  const data = bindingData({
    username: platform.username,
    password: platform.secret.value.password,
    host: listenerHost(fleet.object),
    listeners: fleet.object.spec.listeners,
    endpoints: index.world.endpoints.get(refKey(fleet.ref)) ?? new Map(),
    ca: fleet.listenerCa.value,
    domains: domains.filter((domain) => acceptedBy(domain, fleet)).map(({ object }) => object.spec.domain),
  });
  return ownedSecret(platform.object, 'binding', { type: 'servicebinding.io/smtp', data });
}
