// Generated from crds/relayfleet.yaml by `npm run gen`; edit that file instead.
// Types of objects as read back: defaults applied, so that a field with a default is always there.
import type { Condition } from '../conditions.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Where the API server serves the kind. */
export const relayFleetResource = {
  group: 'relayfleet.io',
  version: 'v1alpha1',
  plural: 'relayfleets',
  kind: 'RelayFleet',
} as const;

/**
 * A fleet of relay nodes that share one configuration and one queue: where clients connect, which NATS holds the
 * mail, from which addresses mail leaves, how much is accepted, and which namespaces may attach domains. Written
 * by the infrastructure owner. The annotation relayfleet.io/suspended with a reason works like spec.suspended.
 */
export type RelayFleet = {
  readonly apiVersion: 'relayfleet.io/v1alpha1';
  readonly kind: 'RelayFleet';
  readonly metadata: ObjectMeta;
  readonly spec: RelayFleetSpec;
  readonly status?: RelayFleetStatus;
};

export type RelayFleetSpec = {
  /**
   * Relay nodes wanted. Nothing starts or stops nodes in this release; whoever runs them reads this field, and an
   * autoscaler writes it through the scale subresource.
   */
  readonly replicas: number;
  /**
   * Name clients connect to, written into every binding Secret and into the listener certificate. Without it,
   * NAME.NAMESPACE.svc of this fleet.
   */
  readonly hostname?: string;
  /**
   * Further names under which clients reach the fleet, for instance behind a load balancer. The operator's
   * listener certificate covers them.
   */
  readonly externalHostnames?: readonly string[];
  /** Ports on which relay nodes accept mail. Passwords are taken under TLS only, whatever the mode. */
  readonly listeners: readonly RelayFleetListener[];
  /** TLS towards clients. */
  readonly tls: RelayFleetTls;
  /** The NATS server or cluster with JetStream (2.15.1 or newer) that holds the queue and the configuration. */
  readonly nats: RelayFleetNats;
  /** Which RelayDomains may attach. Both sides must agree; taking the permission away withdraws the domain at once. */
  readonly allowedDomains: RelayFleetAllowedDomains;
  /** How mail leaves. */
  readonly egress: RelayFleetEgress;
  /** What one client, one mail and one destination may use. */
  readonly limits: RelayFleetLimits;
  /** When and for how long delivery is tried again. A SenderPlatform may say otherwise for its mail. */
  readonly retry: RelayFleetRetry;
  /** How long records are kept. Bodies vanish with the final outcome, whatever stands here. */
  readonly retention: RelayFleetRetention;
  /**
   * Stops the whole fleet; nothing is accepted and nothing leaves, and what was accepted waits. Bites on every
   * node within 5 seconds.
   */
  readonly suspended: boolean;
};

export type RelayFleetListener = {
  /** Name of the port, also in the Service. At most 15 characters, as Service port names are. */
  readonly name: string;
  /** TCP port clients connect to. RFC 8314 names 465 for TLS from the first byte and 587 for STARTTLS. */
  readonly port: number;
  /**
   * Implicit is TLS from the first byte; StartTLS begins in clear and refuses everything but STARTTLS until TLS is
   * up.
   */
  readonly mode: 'Implicit' | 'StartTLS';
};

export type RelayFleetTls = {
  /**
   * Secret of type kubernetes.io/tls in this namespace with tls.crt, tls.key and, for a private CA, ca.crt.
   * Renewals are picked up without a restart. Without it the operator makes a CA and a certificate.
   */
  readonly certificateRef?: { readonly name: string };
  /** Oldest TLS version clients may use. Older versions than 1.2 cannot be allowed (RFC 8996). */
  readonly minVersion: '1.2' | '1.3';
};

export type RelayFleetNats = {
  /**
   * Where NATS is, such as nats://nats.relayfleet-system.svc:4222, or tls:// where the connection must begin with
   * TLS required.
   */
  readonly url: string;
  /**
   * Secret of type kubernetes.io/basic-auth (username, password) in this namespace with the NATS user of role
   * operator.
   */
  readonly operatorCredentialsRef: { readonly name: string };
  /**
   * Secret of type kubernetes.io/basic-auth (username, password) in this namespace with the NATS user of role
   * node.
   */
  readonly nodeCredentialsRef: { readonly name: string };
  /**
   * Secret in this namespace whose key ca.crt holds the CA certificates (PEM) that NATS's certificate is checked
   * against. Without it, the system's.
   */
  readonly caRef?: { readonly name: string };
  /** Copies JetStream keeps of every stream. 3 or 5 need a NATS cluster of at least that many servers. */
  readonly replicas: 1 | 3 | 5;
  /**
   * Disk space of the whole queue, such as 10Gi. A quarter is for mail, a good half for large bodies, the rest is
   * headroom.
   */
  readonly storage: string;
};

export type RelayFleetAllowedDomains = {
  /** Namespaces whose RelayDomains may attach. */
  readonly namespaces: RelayFleetAllowedDomainsNamespaces;
  /** Domains that may attach, with everything below them, such as example.com. Without it, any domain. */
  readonly suffixes?: readonly string[];
};

export type RelayFleetAllowedDomainsNamespaces = {
  /** All namespaces, the Same one as this object's, those the Selector matches, or None. */
  readonly from: 'All' | 'Same' | 'Selector' | 'None';
  /** Labels a namespace must carry. */
  readonly selector?: RelayFleetAllowedDomainsNamespacesSelector;
};

export type RelayFleetAllowedDomainsNamespacesSelector = {
  /** Every label here must be on the namespace with this value. */
  readonly matchLabels: Readonly<Record<string, string>>;
};

export type RelayFleetEgress = {
  /**
   * Name relay nodes give in EHLO; the reverse DNS of the egress addresses should say the same. Without it,
   * hostname.
   */
  readonly helloName?: string;
  /**
   * IP addresses mail leaves from as the world sees them; they appear in the SPF record that domain owners are
   * asked to publish.
   */
  readonly addresses?: readonly string[];
  /**
   * Networks (CIDR) a next hop may lie in although they are not public, such as the one of an internal smarthost.
   * Everything else that is not public unicast is never connected to.
   */
  readonly allowedPrivateNetworks: readonly string[];
};

export type RelayFleetLimits = {
  /** Largest mail accepted, in bytes (SMTP SIZE). */
  readonly maxMessageBytes: number;
  /** Most recipients of one mail. RFC 5321 asks for at least 100. */
  readonly maxRecipients: number;
  /** Most client connections one relay node keeps open. */
  readonly maxConnections: number;
  /** Most connections one relay node opens to one destination at a time. */
  readonly connectionsPerDestination: number;
  /**
   * Most mails that may wait for another attempt before Bulk platforms are answered 452, so that their senders
   * keep what the queue has no room for. A million take about 0.5 GB of memory on the NATS server.
   */
  readonly maxDeferred: number;
};

export type RelayFleetRetry = {
  /**
   * Age at which a mail that could not be delivered is returned to its sender, from 1m to 336h. RFC 5321 advises 4
   * to 5 days.
   */
  readonly maxAge: string;
  /**
   * Waits after the 1st, 2nd, ... failed attempt; the last one repeats until maxAge. Each from 30s to 24h, and
   * spread by a tenth. RFC 5321 section 4.5.4.1 asks for at least 30 minutes in the long run.
   */
  readonly schedule: readonly string[];
  /**
   * Age at which the sender of a mail that still waits is told so, once (RFC 3461 section 6.2.7.2), up to 336h; 0s
   * tells nobody.
   */
  readonly delayNoticeAfter: string;
};

export type RelayFleetRetention = {
  /** How long delivery events (no addresses, no subjects) are kept, from 1h to 8760h. */
  readonly events: string;
};

export type RelayFleetStatus = {
  /** Generation of the spec this status is about. */
  readonly observedGeneration?: number;
  /** Relay nodes heard of. */
  readonly replicas?: number;
  /** Relay nodes that are ready. */
  readonly readyReplicas?: number;
  /** Label selector of the relay nodes, for autoscalers. */
  readonly selector?: string;
  /** RelayDomains attached. */
  readonly attachedDomains?: number;
  /** SenderPlatforms attached. */
  readonly attachedPlatforms?: number;
  /** The configuration published for the relay nodes. */
  readonly config?: RelayFleetStatusConfig;
  /** Relay nodes heard of, at most 64, those that lag behind first. */
  readonly nodes?: readonly RelayFleetStatusNode[];
  /** State of the object. */
  readonly conditions?: readonly Condition[];
};

export type RelayFleetStatusConfig = {
  /** Number of the configuration; it only grows, so that a lost bucket cannot send it backwards. */
  readonly generation?: number;
  /** SHA-256 of its content. */
  readonly digest?: string;
  /** Ready relay nodes that hold this generation. */
  readonly acknowledged?: number;
  /** When this generation was published. */
  readonly published?: string;
};

export type RelayFleetStatusNode = {
  /** Name of the node. */
  readonly name: string;
  /** Generation of the configuration it uses; 0 before the first. */
  readonly generation: number;
  /** Whether it accepts mail. */
  readonly ready: boolean;
};
