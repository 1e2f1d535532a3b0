// The certificate clients see: the owner's (`spec.tls.certificateRef`) or one signed by the fleet's own authority.
// Ours is renewed when a third of its life is left or a name is missing from it; theirs is only checked.
// Standard: RFC 6125 names; the relay nodes reload the files by themselves.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { RelayFleet } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { isOwned, ownedRef, ownedSecret, secretText, tlsFields } from '../owned-secrets.ts';
import type { CertificateAuthority, MintRequest } from '../plan.ts';
import type { FleetKeys, Refusal, Resolved } from './resolved.ts';
import { damaged, findSecret, parseCertificate } from './secret-refs.ts';
import { refOf, type WorldIndex } from './world-index.ts';

export type ListenerCertificate = {
  readonly problem: Refusal | undefined;
  readonly ca: Resolved<string | undefined>;
  readonly mint: readonly MintRequest[];
  readonly renewAt: number | undefined;
};

const nothing: ListenerCertificate = { problem: undefined, ca: { state: 'pending' }, mint: [], renewAt: undefined };

export function resolveListenerCertificate(
  index: WorldIndex,
  fleet: RelayFleet,
  keys: FleetKeys | undefined,
): ListenerCertificate {
  const { certificateRef } = fleet.spec.tls;
  if (certificateRef !== undefined) return ownersCertificate(index, fleet, certificateRef.name);
  const ref = ownedRef(fleet, 'listener');
  const secret = index.secret(ref);
  if (secret !== undefined && !isOwned(secret, fleet)) {
    const problem =
      'was not made by relayfleet, which needs the name for the listener certificate: rename or delete it, or name it in spec.tls.certificateRef';
    return { ...nothing, problem: damaged(ref, problem).refusal };
  }
  return keys === undefined ? nothing : ourCertificate(index, fleet, secret, keys.authority);
}

/** Where clients reach a listener of the fleet, as the binding and the certificate must name it. */
export function listenerHost(fleet: RelayFleet): string {
  return fleet.spec.hostname ?? `${fleet.metadata.name}.${fleet.metadata.namespace}.svc`;
}

function ourCertificate(
  index: WorldIndex,
  fleet: RelayFleet,
  secret: Secret | undefined,
  authority: CertificateAuthority,
): ListenerCertificate {
  const ca = { state: 'usable', value: authority.certificate } as const;
  const names = certificateNames(index, fleet);
  const certificate = secret && usableCertificate(secret, authority);
  const renewAt = certificate && renewalTime(certificate);
  const covers = (name: string) =>
    isIP(name) === 0 ? certificate?.checkHost(name) !== undefined : certificate?.checkIP(name) !== undefined;
  if (renewAt !== undefined && renewAt > index.world.now && names.every(covers)) return { ...nothing, ca, renewAt };
  const wanted = ownedSecret(fleet, 'listener', { type: 'kubernetes.io/tls', data: {} });
  return { ...nothing, ca, mint: [{ kind: 'ListenerCertificate', secret: wanted, names, authority }] };
}

function certificateNames(index: WorldIndex, fleet: RelayFleet): readonly string[] {
  const { name, namespace } = fleet.metadata;
  const endpoints = index.world.endpoints.get(refKey(refOf(fleet)))?.values() ?? [];
  const others = [
    ...(fleet.spec.externalHostnames ?? []),
    ...[...endpoints].map(({ host }) => host),
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ];
  return [...new Set([listenerHost(fleet), ...others.toSorted()])];
}

function usableCertificate(secret: Secret, authority: CertificateAuthority): X509Certificate | undefined {
  const certificate = parseCertificate(secretText(secret, tlsFields.certificate) ?? '');
  const issuer = parseCertificate(authority.certificate);
  const fits =
    certificate !== undefined &&
    issuer !== undefined &&
    keyFits(certificate, secretText(secret, tlsFields.key)) &&
    certificate.verify(issuer.publicKey);
  return fits ? certificate : undefined;
}

function renewalTime(certificate: X509Certificate): number {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  return to - Math.floor((to - from) / 3);
}

function ownersCertificate(index: WorldIndex, fleet: RelayFleet, name: string): ListenerCertificate {
  const ref = { namespace: fleet.metadata.namespace, name, field: 'spec.tls.certificateRef' };
  const secret = findSecret(index, ref, 'keys tls.crt and tls.key (type kubernetes.io/tls)');
  if (!secret.ok) return { ...nothing, problem: secret.refusal };
  const problem = certificateProblem(secret.value, index.world.now);
  if (problem !== undefined) return { ...nothing, problem: damaged(ref, problem).refusal };
  return { ...nothing, ca: { state: 'usable', value: secretText(secret.value, tlsFields.ca) } };
}

function certificateProblem(secret: Secret, now: number): string | undefined {
  const certificate = parseCertificate(secretText(secret, tlsFields.certificate) ?? '');
  if (certificate === undefined) return 'key tls.crt holds no PEM certificate: put the certificate and its chain there';
  const key = secretText(secret, tlsFields.key);
  if (key === undefined) return 'key tls.key is missing: put the private key of tls.crt there';
  if (!keyFits(certificate, key))
    return 'key tls.key does not belong to tls.crt: store the two that were made together';
  if (certificate.validToDate.getTime() <= now)
    return `key tls.crt expired on ${certificate.validToDate.toISOString().slice(0, 10)}: renew it`;
  return undefined;
}

function keyFits(certificate: X509Certificate, key: string | undefined): boolean {
  try {
    return key !== undefined && certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
