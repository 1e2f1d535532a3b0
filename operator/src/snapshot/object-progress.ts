// Whether what a RelayDomain or SenderPlatform says is in force, fleet by fleet: undefined when every ready node obeys it.
// An object can also be in no snapshot at all; then the reason is why it was left out.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { DomainBinding, FleetBinding, Refusal, ResolvedDomain, ResolvedPlatform } from '../reconcile/resolved.ts';
import { domainEntry, platformEntry } from './entries.ts';
import { entryProgress, type FleetProgress } from './programmed.ts';

/** By fleet, `namespace/name`. */
export type Progresses = ReadonlyMap<string, FleetProgress>;

/** One binding of a domain. */
export function fleetBindingProgress(
  domain: ResolvedDomain,
  { fleet, refusal }: FleetBinding,
  progresses: Progresses,
): Refusal | undefined {
  const progress = progresses.get(refKey(fleet));
  if (refusal !== undefined || progress === undefined) return notAttached(`to RelayFleet ${refKey(fleet)}`, refusal);
  const entry = domainEntry(domain.object.spec.domain);
  return progress.wanted !== undefined && !progress.wanted.entries.has(entry)
    ? leftOut(domain)
    : entryProgress(progress, entry);
}

/** A domain as a whole: every fleet that accepts it. */
export function domainProgress(domain: ResolvedDomain, progresses: Progresses): Refusal | undefined {
  const accepted = domain.bindings.filter(({ refusal }) => refusal === undefined);
  if (accepted.length === 0) return notAttached('to any RelayFleet', domain.bindings[0]?.refusal);
  return firstOf(accepted.map((binding) => fleetBindingProgress(domain, binding, progresses)));
}

/** One binding of a platform: on every fleet that carries the domain. */
export function domainBindingProgress(
  platform: ResolvedPlatform,
  { ref, domain, refusal }: DomainBinding,
  progresses: Progresses,
): Refusal | undefined {
  if (refusal !== undefined || domain === undefined) return notAttached(`to RelayDomain ${refKey(ref)}`, refusal);
  const carriers = fleetsOf(domain, progresses).filter(({ wanted }) =>
    wanted?.entries.has(domainEntry(domain.object.spec.domain)),
  );
  if (carriers.length === 0) {
    const why = domainProgress(domain, progresses)?.reason ?? 'Pending'; // its message may name Secrets of another team
    return {
      reason: 'Pending',
      message: `RelayDomain ${refKey(ref)} is not in force yet (${why}): see its conditions`,
    };
  }
  const entry = platformEntry(platform.username);
  return firstOf(
    carriers.map((progress) =>
      progress.wanted?.entries.has(entry) ? entryProgress(progress, entry) : noSecret(platform),
    ),
  );
}

/** A platform as a whole: every domain that accepts it. */
export function platformProgress(platform: ResolvedPlatform, progresses: Progresses): Refusal | undefined {
  const accepted = platform.bindings.filter(({ refusal }) => refusal === undefined);
  const why = platform.bindings[0]?.refusal?.reason ?? 'DomainNotFound';
  if (accepted.length === 0)
    return { reason: 'NoRelayDomain', message: `bound to no RelayDomain (${why}); see Accepted` };
  return firstOf(accepted.map((binding) => domainBindingProgress(platform, binding, progresses)));
}

function fleetsOf(domain: ResolvedDomain, progresses: Progresses): readonly FleetProgress[] {
  return domain.bindings.flatMap(({ fleet, refusal }) =>
    refusal === undefined ? (progresses.get(refKey(fleet)) ?? []) : [],
  );
}

function leftOut({ signers, problems }: ResolvedDomain): Refusal {
  if (signers.state === 'pending') return { reason: 'Pending', message: 'signing keys are being made' };
  return {
    reason: 'NotAttached',
    message: `left out of the configuration: ${problems[0]?.message ?? 'no usable key'}`,
  };
}

function noSecret({ secret, problems }: ResolvedPlatform): Refusal {
  if (secret.state === 'pending') return { reason: 'Pending', message: 'the password is being made or hashed' };
  return { reason: 'NotAttached', message: `left out of the configuration: ${problems[0]?.message ?? 'no password'}` };
}

function notAttached(where: string, refusal: Refusal | undefined): Refusal {
  return {
    reason: 'NotAttached',
    message: `not attached ${where} (${refusal?.reason ?? 'FleetNotFound'}); see Accepted`,
  };
}

function firstOf(refusals: readonly (Refusal | undefined)[]): Refusal | undefined {
  return refusals.find((refusal) => refusal !== undefined);
}
