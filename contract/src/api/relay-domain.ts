// Generated from crds/relaydomain.yaml by `npm run gen`; edit that file instead.
// Types of objects as read back: defaults applied, so that a field with a default is always there.
import type { Condition } from '../conditions.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Where the API server serves the kind. */
export const relayDomainResource = {
  group: 'relayfleet.io',
  version: 'v1alpha1',
  plural: 'relaydomains',
  kind: 'RelayDomain',
} as const;

/**
 * A domain that mail is sent from: its keys, the DNS records it needs, how its mail travels, and which
 * namespaces may attach SenderPlatforms. Written by the domain owner. The annotation relayfleet.io/suspended
 * with a reason works like spec.suspended. Deleting it stops new mail at once; what is queued is still signed
 * and sent before it goes, unless the annotation relayfleet.io/on-delete says drop (the queued mail is dropped)
 * or abandon (it stays queued, without its keys).
 */
export type RelayDomain = {
  readonly apiVersion: 'relayfleet.io/v1alpha1';
  readonly kind: 'RelayDomain';
  readonly metadata: ObjectMeta;
  readonly spec: RelayDomainSpec;
  readonly status?: RelayDomainStatus;
};

export type RelayDomainSpec = {
  /**
   * The domain in its From addresses, in lower case; an international name as A-labels (xn--...). It cannot be
   * changed. Its subdomains are RelayDomains of their own.
   */
  readonly domain: string;
  /**
   * RelayFleets that carry the domain. A fleet must allow this namespace. Without it, the fleet the operator was
   * started with as default.
   */
  readonly fleetRefs?: readonly RelayDomainFleetRef[];
  /**
   * Which SenderPlatforms may attach. Both sides must agree; taking the permission away withdraws the platform at
   * once.
   */
  readonly allowedPlatforms: RelayDomainAllowedPlatforms;
  /** Keys the domain's mail is signed with (RFC 6376). */
  readonly dkim: RelayDomainDkim;
  /** Who publishes the DNS records. */
  readonly dns: RelayDomainDns;
  /** TLS demanded of next hops. Never weakened by what a next hop offers or hides. */
  readonly tls: RelayDomainTls;
  /**
   * How mail travels, by recipient domain; the first route that matches is taken. Mail that none matches goes to
   * its recipient domain's MX.
   */
  readonly routes?: readonly RelayDomainRoute[];
  /** Stops the domain; its mail is refused, and what was accepted waits. Bites on every node within 5 seconds. */
  readonly suspended: boolean;
};

export type RelayDomainFleetRef = {
  /** Name of the RelayFleet. */
  readonly name: string;
  /** Namespace of the RelayFleet; without it, this object's. */
  readonly namespace?: string;
};

export type RelayDomainAllowedPlatforms = {
  /** Namespaces whose SenderPlatforms may attach. */
  readonly namespaces: RelayDomainAllowedPlatformsNamespaces;
};

export type RelayDomainAllowedPlatformsNamespaces = {
  /** All namespaces, the Same one as this object's, those the Selector matches, or None. */
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
  /** Labels a namespace must carry. */
  readonly selector?: RelayDomainAllowedPlatformsNamespacesSelector;
};

export type RelayDomainAllowedPlatformsNamespacesSelector = {
  /** Every label here must be on the namespace with this value. */
  readonly matchLabels: Readonly<Record<string, string>>;
};

export type RelayDomainDkim = {
  /**
   * Keys the operator makes, one per algorithm; mail carries one signature of each. With keyRefs it makes none,
   * and the keys named there decide.
   */
  readonly algorithms: readonly ('RSA2048' | 'Ed25519')[];
  /** Keys of your own, instead of the operator's. Mail carries one signature of each. */
  readonly keyRefs?: readonly RelayDomainDkimKeyRef[];
};

export type RelayDomainDkimKeyRef = {
  /** DKIM selector; the public half is published at SELECTOR._domainkey.DOMAIN. */
  readonly selector: string;
  /**
   * Secret in this namespace whose key private-key holds the private key as PKCS#8 PEM. RSA of at least 2048 bits,
   * or Ed25519.
   */
  readonly name: string;
};

export type RelayDomainDns = {
  /** Manual means that you publish the records of status.dns.records. */
  readonly mode: 'Manual';
};

export type RelayDomainTls = {
  /**
   * Opportunistic uses TLS where it is offered and works, and sends in clear otherwise; Require never sends in
   * clear; Verify also demands a certificate that is valid for the next hop's name. A smarthost with
   * credentialsRef is verified in any case.
   */
  readonly mode: 'Opportunistic' | 'Require' | 'Verify';
  /** Oldest TLS version used towards next hops. */
  readonly minVersion: '1.2' | '1.3';
};

export type RelayDomainRoute = {
  /** Name of the route, in metrics and in the queue. */
  readonly name: string;
  /**
   * Recipient domains the route is for; '*.example.com' is everything below example.com, without it. Without the
   * field, every domain.
   */
  readonly recipientDomains?: readonly string[];
  /** Delivers to the recipient domain's own servers (MX records, RFC 5321 section 5). */
  readonly mx?: Readonly<Record<string, never>>;
  /**
   * Servers that take the mail onwards; the next one is used when one cannot be reached. Without priorities they
   * are tried in the order of this list; with them, as SRV records are (RFC 2782): lower priorities first, and
   * within one priority at random by weight.
   */
  readonly smarthosts?: readonly RelayDomainRouteSmarthost[];
};

export type RelayDomainRouteSmarthost = {
  /**
   * Name or IP address of the server. An address that is not public must lie in the fleet's
   * egress.allowedPrivateNetworks.
   */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
  /**
   * Servers with the lowest priority are tried first; the others only when none of those can be reached. Without
   * it, the place in the list.
   */
  readonly priority?: number;
  /**
   * Share of the mail among the servers of the same priority, in proportion to theirs; 1 where it is not said. A
   * server of weight 0 is tried after the others of its priority.
   */
  readonly weight?: number;
  /** TLS from the first byte (port 465) instead of STARTTLS. */
  readonly implicitTLS: boolean;
  /** TLS demanded of this server. */
  readonly tls?: RelayDomainRouteSmarthostTls;
  /**
   * Secret of type kubernetes.io/basic-auth (username, password) in this namespace, for SMTP AUTH. A password is
   * given to a verified server alone: whatever tls.mode says, the server's certificate must be valid for its name,
   * and mail waits while it is not.
   */
  readonly credentialsRef?: { readonly name: string };
};

export type RelayDomainRouteSmarthostTls = {
  /** As spec.tls.mode, for this server alone. Without it, spec.tls.mode. */
  readonly mode?: 'Opportunistic' | 'Require' | 'Verify';
  /**
   * Secret in this namespace whose key ca.crt holds the CA certificates (PEM) the server's certificate is checked
   * against. Without it, the system's.
   */
  readonly caRef?: { readonly name: string };
};

export type RelayDomainStatus = {
  /** Generation of the spec this status is about. */
  readonly observedGeneration?: number;
  /** The domain in its one spelling. */
  readonly domain?: string;
  /** SenderPlatforms attached. */
  readonly attachedPlatforms?: number;
  /**
   * Queue entries of its mail that are left, once it is being deleted. It goes when there are none; the condition
   * Ready says what they wait for.
   */
  readonly queued?: number;
  /** One entry per fleet, with what became of the binding. */
  readonly fleets?: readonly RelayDomainStatusFleet[];
  /** The domain's keys. */
  readonly dkim?: RelayDomainStatusDkim;
  /** The domain's DNS records. */
  readonly dns?: RelayDomainStatusDns;
  /** State of the object. */
  readonly conditions?: readonly Condition[];
};

export type RelayDomainStatusFleet = {
  /** Namespace of the RelayFleet. */
  readonly namespace: string;
  /** Name of the RelayFleet. */
  readonly name: string;
  /** State of this binding. */
  readonly conditions?: readonly Condition[];
};

export type RelayDomainStatusDkim = {
  /** One entry per key. */
  readonly keys?: readonly RelayDomainStatusDkimKey[];
};

export type RelayDomainStatusDkimKey = {
  /** DKIM selector. */
  readonly selector: string;
  /** Ed25519, or RSA with the number of bits, such as RSA2048. */
  readonly algorithm: string;
  /** Active keys sign. This release knows no other phase; the rest is for rotation. */
  readonly phase: 'Generated' | 'Published' | 'Active' | 'Retiring' | 'Revoked';
  /** When the key entered the phase. */
  readonly since?: string;
  /** Secret in this namespace that holds the private key. */
  readonly secretName: string;
};

export type RelayDomainStatusDns = {
  /** Every record to publish, with what DNS says about it. */
  readonly records?: readonly RelayDomainStatusDnsRecord[];
};

export type RelayDomainStatusDnsRecord = {
  /** Name of the record without a trailing dot. */
  readonly name: string;
  /** Type of the record, such as TXT. */
  readonly type: string;
  /** Value in one piece; DNS tools split what is longer than 255 octets. */
  readonly value: string;
  /** What the record is for. */
  readonly purpose: 'DKIM' | 'SPF' | 'DMARC';
  /** What the domain's name servers say; Unknown until they were asked, and then mail is signed nevertheless. */
  readonly state: 'Unknown' | 'Ok' | 'Missing' | 'Mismatch';
  /** Whether mail fails authentication without the record. */
  readonly required: boolean;
};
