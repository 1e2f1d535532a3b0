// The hosts to try for a recipient domain, in order: the route's smarthosts, or the domain's MX hosts.
// RFC 5321 §5.1: MX by preference, at random within one preference; addresses of the domain itself only without any MX.
// Says what DNS left open as a named failure; outcome/classify.ts gives it its meaning.
import { isIP } from 'node:net';
import { canonicalDomain } from '@relayfleet/contract/domain-name.ts';
import type { DomainPolicy, Smarthost, TlsMode } from '@relayfleet/contract/snapshot.ts';
import type { AddressGuard } from './address-guard.ts';
import type { Answer, MxRecord, Resolver } from './dns.ts';
import { routeFor } from './route.ts';

/** One host to hand mail to, and how. Its addresses are looked up when its turn comes. */
export type Hop = {
  readonly host: string;
  readonly port: number;
  readonly implicitTls: boolean;
  readonly tls: TlsMode;
  readonly floor: DomainPolicy['tls']['floor'];
  readonly ca?: string;
  readonly auth?: { readonly username: string; readonly password: string };
};

export type RoutingFailure =
  /** No route of the domain's policy matches the recipient's domain. */
  | { readonly kind: 'no-route' }
  /** NXDOMAIN for the recipient's domain. */
  | { readonly kind: 'no-such-domain' }
  /** RFC 7505: the domain says that it takes no mail. */
  | { readonly kind: 'null-mx' }
  /** The domain exists and names no host for mail. */
  | { readonly kind: 'no-mail-host' }
  /** A next hop's name leads to no address. */
  | { readonly kind: 'no-address' }
  | { readonly kind: 'dns-unavailable'; readonly detail: string }
  /** Every address of the next hop is one we do not connect to. */
  | { readonly kind: 'address-refused' };

type Failed = { readonly ok: false; readonly failure: RoutingFailure };
export type Hops = { readonly ok: true; readonly hops: readonly Hop[] } | Failed;
export type Addresses = { readonly ok: true; readonly addresses: readonly string[] } | Failed;

export type RoutingDeps = {
  readonly dns: Resolver;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** What port 25 means here; another one only where nobody may bind 25. */
  readonly smtpPort: number;
};

const mostHosts = 10; // a domain's owner may list any number; each may cost a connection
const mostAddresses = 10;

/** The hops for mail from `policy`'s domain to `recipientDomain`, best first. */
export async function nextHops(policy: DomainPolicy, recipientDomain: string, deps: RoutingDeps): Promise<Hops> {
  const route = routeFor(policy, recipientDomain);
  if (route === undefined) return failed({ kind: 'no-route' });
  if (route.via.kind === 'smarthosts')
    return { ok: true, hops: route.via.hosts.map((smarthost) => smarthostHop(smarthost, policy, deps.smtpPort)) };
  const hosts = await mailHosts(recipientDomain, deps);
  if (!hosts.ok) return hosts;
  const { mode, floor } = policy.tls;
  return {
    ok: true,
    hops: hosts.hosts.map((host) => ({ host, port: deps.smtpPort, implicitTls: false, tls: mode, floor })),
  };
}

/** The addresses of a hop that the guard lets us connect to, in the order to try them. */
export async function addressesOf(host: string, guard: AddressGuard, { dns, random }: RoutingDeps): Promise<Addresses> {
  const answer: Answer<string> =
    isIP(host) !== 0 ? { kind: 'found', records: [host] } : await dns.addresses(host.toLowerCase());
  if (answer.kind === 'unavailable') return failed({ kind: 'dns-unavailable', detail: answer.detail });
  if (answer.kind !== 'found') return failed({ kind: 'no-address' });
  const allowed = answer.records.filter(guard);
  if (allowed.length === 0) return failed({ kind: 'address-refused' });
  const byFamily = [4, 6].flatMap((family) =>
    shuffle(
      allowed.filter((address) => isIP(address) === family),
      random,
    ),
  );
  return { ok: true, addresses: byFamily.slice(0, mostAddresses) };
}

async function mailHosts(
  domain: string,
  { dns, random }: RoutingDeps,
): Promise<{ readonly ok: true; readonly hosts: readonly string[] } | Failed> {
  const mx = await dns.mx(domain);
  if (mx.kind === 'unavailable') return failed({ kind: 'dns-unavailable', detail: mx.detail });
  if (mx.kind === 'no-such-name') return failed({ kind: 'no-such-domain' });
  if (mx.kind === 'none') return implicitMailHost(domain, dns);
  if (mx.records.every(({ host }) => host === '')) return failed({ kind: 'null-mx' }); // RFC 7505 §3
  const hosts = byPreference(mx.records, random).filter((host) => canonicalDomain(host) !== undefined);
  return hosts.length > 0 ? { ok: true, hosts: hosts.slice(0, mostHosts) } : failed({ kind: 'no-address' });
}

/** RFC 5321 §5.1: without MX records the domain itself is the host, if it has an address. */
async function implicitMailHost(domain: string, dns: Resolver): ReturnType<typeof mailHosts> {
  const answer = await dns.addresses(domain);
  switch (answer.kind) {
    case 'found':
      return { ok: true, hosts: [domain] };
    case 'unavailable':
      return failed({ kind: 'dns-unavailable', detail: answer.detail });
    case 'no-such-name':
      return failed({ kind: 'no-such-domain' });
    case 'none':
      return failed({ kind: 'no-mail-host' });
  }
}

function smarthostHop(smarthost: Smarthost, policy: DomainPolicy, smtpPort: number): Hop {
  const { host, port, implicitTls, tls, ca, auth } = smarthost;
  return {
    host,
    port: port === 25 ? smtpPort : port,
    implicitTls,
    tls,
    floor: policy.tls.floor,
    ...(ca === undefined ? {} : { ca }),
    ...(auth === undefined ? {} : { auth }),
  };
}

function byPreference(records: readonly MxRecord[], random: () => number): readonly string[] {
  return shuffle(records, random)
    .toSorted((a, b) => a.preference - b.preference) // stable: the order within one preference stays random
    .map(({ host }) => host);
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

function failed(failure: RoutingFailure): Failed {
  return { ok: false, failure };
}
