// Which of a sender domain's routes a recipient domain takes, and under which name its mail is queued.
// Pure: asked once at accept (to name the destination) and again before every attempt (the policy may have changed).
// Refuses to know hosts, addresses and whether anything answers there.
import type { DomainPolicy, Route } from '@relayfleet/contract/snapshot.ts';

/** The first route whose `recipientDomains` match; an empty list matches every domain. Undefined when none does. */
export function routeFor(policy: DomainPolicy, recipientDomain: string): Route | undefined {
  return policy.routes.find(
    ({ recipientDomains }) =>
      recipientDomains.length === 0 || recipientDomains.some((pattern) => matches(pattern, recipientDomain)),
  );
}

/**
 * The routing key queue subjects carry: `<route>.<domain>` for smarthosts, since all their mail shares one fate,
 * else the recipient's own domain. Without a route it is the recipient's domain: the mail waits for one.
 */
export function destinationOf(policy: DomainPolicy, recipientDomain: string): string {
  const route = routeFor(policy, recipientDomain);
  return route?.via.kind === 'smarthosts' ? `${route.name}.${policy.domain}` : recipientDomain;
}

/** `example.com` matches itself alone; `*.example.com` matches every name below it, not itself. */
function matches(pattern: string, domain: string): boolean {
  return pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) : pattern === domain;
}
