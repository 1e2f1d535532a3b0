// How a domain's mail travels, with the Secrets of its smarthosts read. A smarthost whose Secret is unusable is left out;
// a route that has none left holds the domain back, since the next route may lead where this mail must not go.
import type { RelayDomain, RelayDomainRouteSmarthost } from '@relayfleet/contract/api/relay-domain.ts';
import type { Route, Smarthost } from '@relayfleet/contract/snapshot.ts';
import type { Refusal, Resolved } from './resolved.ts';
import { findAuthorities, findCredentials, type Found } from './secret-refs.ts';
import type { WorldIndex } from './world-index.ts';

export type Routes = { readonly routes: Resolved<readonly Route[]>; readonly problems: readonly Refusal[] };

/** Where mail goes that no route of the owner's matches: to its recipient domain's own servers. */
const lastRoute: Route = { name: 'mx', recipientDomains: [], via: { kind: 'mx' } };

export function resolveRoutes(index: WorldIndex, domain: RelayDomain): Routes {
  const routes: Route[] = [];
  const problems: Refusal[] = [];
  let blocked = false;
  for (const { name, recipientDomains = [], smarthosts } of domain.spec.routes ?? []) {
    if (smarthosts === undefined) {
      routes.push({ name, recipientDomains: [...recipientDomains], via: { kind: 'mx' } });
      continue;
    }
    const found = smarthosts.map((host) => resolveSmarthost(index, domain, name, host));
    const hosts = found.flatMap((host) => (host.ok ? [host.value] : []));
    problems.push(...found.flatMap((host) => (host.ok ? [] : [host.refusal])));
    if (hosts.length > 0)
      routes.push({ name, recipientDomains: [...recipientDomains], via: { kind: 'smarthosts', hosts } });
    else blocked = true;
  }
  return { routes: blocked ? { state: 'unusable' } : { state: 'usable', value: [...routes, lastRoute] }, problems };
}

function resolveSmarthost(
  index: WorldIndex,
  domain: RelayDomain,
  route: string,
  host: RelayDomainRouteSmarthost,
): Found<Smarthost> {
  const at = (name: string, leaf: string) => ({
    namespace: domain.metadata.namespace,
    name,
    field: `spec.routes[${route}].smarthosts[${host.host}].${leaf}`,
  });
  const { credentialsRef, priority, weight = 1 } = host;
  const caRef = host.tls?.caRef;
  const auth = credentialsRef && findCredentials(index, at(credentialsRef.name, 'credentialsRef'));
  if (auth?.ok === false) return auth;
  const ca = caRef && findAuthorities(index, at(caRef.name, 'tls.caRef'));
  if (ca?.ok === false) return ca;
  return {
    ok: true,
    value: {
      host: host.host,
      port: host.port,
      implicitTls: host.implicitTLS,
      tls: host.tls?.mode ?? domain.spec.tls.mode,
      ...(priority !== undefined && { priority, weight }),
      ...(ca && { ca: ca.value }),
      ...(auth && { auth: auth.value }),
    },
  };
}
