// The hosts to try for a recipient domain, in order: the route's smarthosts, or the domain's MX hosts.
// RFC 5321 §5.1: MX by preference, but never ourselves or what is not better; the domain's own addresses only without any MX.
// Says what DNS left open as a named failure; outcome/classify.ts gives it its meaning.
import { isIP } from 'node:net';
import { canonicalDomain } from '@relayfleet/contract/domain-name.ts';
import type { DomainPolicy, Smarthost, TlsMode } from '@relayfleet/contract/snapshot.ts';
import type { AddressGuard } from './address-guard.ts';
import type { Answer, MxRecord, Resolver } from './dns.ts';
import { byPreference, byPriority, shuffle } from './order.ts';
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
  /** No MX host of the domain is better than ourselves: the mail would come back. */
  | { readonly kind: 'loop' }
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
  /** Whether an address is one at which this node itself answers on that port; absent: it does so nowhere. */
  readonly isOwnAddress?: ((address: string) => boolean) | undefined;
};

const mostHosts = 10; // a domain's owner may list any number; each may cost a connection
const mostAddresses = 10;

/** From whose domain mail goes, to which one, and the name we go by. */
export type Leg = { readonly policy: DomainPolicy; readonly recipientDomain: string; readonly helloName: string };

/** The hops for mail, best first. */
export async function nextHops(leg: Leg, deps: RoutingDeps): Promise<Hops> {
  const { policy, recipientDomain } = leg;
  const route = routeFor(policy, recipientDomain);
  if (route === undefined) return failed({ kind: 'no-route' });
  if (route.via.kind === 'smarthosts') {
    const smarthosts = byPriority(route.via.hosts, deps.random);
    return { ok: true, hops: smarthosts.map((smarthost) => smarthostHop(smarthost, policy, deps.smtpPort)) };
  }
  const hosts = await mailHosts(leg, deps);
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
  { recipientDomain, helloName }: Pick<Leg, 'recipientDomain' | 'helloName'>,
  deps: RoutingDeps,
): Promise<{ readonly ok: true; readonly hosts: readonly string[] } | Failed> {
  const listed = await listedHosts(recipientDomain, deps);
  if (!listed.ok) return listed;
  const hosts = await betterThanUs(listed.records, helloName, deps);
  return hosts.length > 0 ? { ok: true, hosts: hosts.map(({ host }) => host) } : failed({ kind: 'loop' });
}

type Listed = { readonly ok: true; readonly records: readonly MxRecord[] } | Failed;

async function listedHosts(domain: string, { dns, random }: RoutingDeps): Promise<Listed> {
  const mx = await dns.mx(domain);
  if (mx.kind === 'unavailable') return failed({ kind: 'dns-unavailable', detail: mx.detail });
  if (mx.kind === 'no-such-name') return failed({ kind: 'no-such-domain' });
  if (mx.kind === 'none') return implicitMailHost(domain, dns);
  if (mx.records.every(({ host }) => host === '')) return failed({ kind: 'null-mx' }); // RFC 7505 §3
  const named = mx.records.filter(({ host }) => canonicalDomain(host) !== undefined);
  const records = byPreference(named, random).slice(0, mostHosts);
  return records.length > 0 ? { ok: true, records } : failed({ kind: 'no-address' });
}

/** RFC 5321 §5.1: without MX records the domain itself is the host, with preference 0, if it has an address. */
async function implicitMailHost(domain: string, dns: Resolver): Promise<Listed> {
  const answer = await dns.addresses(domain);
  switch (answer.kind) {
    case 'found':
      return { ok: true, records: [{ preference: 0, host: domain }] };
    case 'unavailable':
      return failed({ kind: 'dns-unavailable', detail: answer.detail });
    case 'no-such-name':
      return failed({ kind: 'no-such-domain' });
    case 'none':
      return failed({ kind: 'no-mail-host' });
  }
}

/** RFC 5321 §5.1: where we are among the MX hosts, we and all that are not preferred to us are left out. */
async function betterThanUs(
  records: readonly MxRecord[],
  helloName: string,
  { dns, isOwnAddress }: RoutingDeps,
): Promise<readonly MxRecord[]> {
  const areUs = await Promise.all(
    records.map(async ({ host }) => {
      if (host === helloName.toLowerCase()) return true;
      const answer = isOwnAddress && (await dns.addresses(host)); // asked only where we listen on that port at all
      return answer?.kind === 'found' && answer.records.some((address) => isOwnAddress?.(address));
    }),
  );
  const ours = Math.min(...records.filter((_, i) => areUs[i]).map(({ preference }) => preference));
  return records.filter(({ preference }) => preference < ours);
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

function failed(failure: RoutingFailure): Failed {
  return { ok: false, failure };
}
