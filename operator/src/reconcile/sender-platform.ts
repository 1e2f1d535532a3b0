// What each SenderPlatform comes to: its bindings to domains, its user name and password, and what is wrong with them.
// Composes the decisions of this folder; refuses to know snapshots and nodes.
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { usernameOf } from '@relayfleet/contract/snapshot.ts';
import { domainRules, judge } from './binding.ts';
import { resolveSecret } from './platform-secret.ts';
import type { DomainBinding, ResolvedDomain, ResolvedPlatform } from './resolved.ts';
import { suspensionOf } from './suspension.ts';
import { isLeaving, refOf, type WorldIndex } from './world-index.ts';

export function resolvePlatforms(index: WorldIndex, domains: readonly ResolvedDomain[]): readonly ResolvedPlatform[] {
  const byRef = new Map(domains.map((domain) => [refKey(domain.ref), domain]));
  return index.platforms.map((object) => {
    const ref = refOf(object);
    const bindings = bindingsOf(index, object, byRef);
    const mayMint = bindings.some(({ refusal }) => refusal === undefined);
    const { secret, problems, mint, hash } = resolveSecret(index, object, mayMint);
    const missingDomains = bindings.flatMap(({ refusal }) => (refusal?.reason === 'DomainNotFound' ? [refusal] : []));
    return {
      ref,
      object,
      leaving: isLeaving(object),
      username: usernameOf(ref),
      suspended: suspensionOf(object),
      bindings,
      problems: [...missingDomains, ...problems],
      secret,
      mint,
      hash,
    };
  });
}

function bindingsOf(
  index: WorldIndex,
  platform: SenderPlatform,
  domains: ReadonlyMap<string, ResolvedDomain>,
): readonly DomainBinding[] {
  const { namespace } = platform.metadata;
  const visitor = { namespace, labels: index.namespaceLabels(namespace) };
  // A domain may be named twice, with its namespace and without: that is one binding.
  const named = Map.groupBy(platform.spec.domainRefs, (ref) =>
    refKey({ ...ref, namespace: ref.namespace ?? namespace }),
  );
  return [...named].map(([key, refs]) => {
    const domainRef = { namespace: refs[0]?.namespace ?? namespace, name: refs[0]?.name ?? '' };
    const from = [...new Set(refs.flatMap((ref) => ref.from))];
    const domain = domains.get(key);
    const refusal = judge(domainRules, { visitor, domainRef, domain, from, leaving: isLeaving(platform) });
    return { ref: domainRef, domain, from, refusal };
  });
}
