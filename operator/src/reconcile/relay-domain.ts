// What each RelayDomain comes to: its bindings to fleets, its keys, its routes, and what is wrong with them.
// Composes the decisions of this folder; refuses to know snapshots and nodes.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { bindDomains } from './domain-claims.ts';
import type { ResolvedDomain } from './resolved.ts';
import { resolveRoutes } from './routes.ts';
import { resolveSigners } from './signers.ts';
import type { KeyReader } from './signing-key.ts';
import { suspensionOf } from './suspension.ts';
import { isLeaving, refOf, type WorldIndex } from './world-index.ts';

export function resolveDomains(index: WorldIndex, readKey: KeyReader): readonly ResolvedDomain[] {
  const bindings = bindDomains(index);
  return index.domains.map((object) => {
    const ref = refOf(object);
    const bound = bindings.get(refKey(ref)) ?? [];
    const leaving = isLeaving(object);
    const mayMint = !leaving && bound.some(({ refusal }) => refusal === undefined);
    const { signers, keys, problems, mint } = resolveSigners(index, object, readKey, mayMint);
    const { routes, problems: routeProblems } = resolveRoutes(index, object);
    const missingFleets = bound.flatMap(({ refusal }) => (refusal?.reason === 'FleetNotFound' ? [refusal] : []));
    return {
      ref,
      object,
      leaving,
      suspended: suspensionOf(object),
      bindings: bound,
      problems: [...missingFleets, ...problems, ...routeProblems],
      signers,
      routes,
      keys,
      mint,
    };
  });
}
