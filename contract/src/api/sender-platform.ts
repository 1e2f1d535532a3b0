// Generated from crds/senderplatform.yaml by `npm run gen`; edit that file instead.
// Types of objects as read back: defaults applied, so that a field with a default is always there.
import type { Condition } from '../conditions.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Where the API server serves the kind. */
export const senderPlatformResource = {
  group: 'relayfleet.io',
  version: 'v1alpha1',
  plural: 'senderplatforms',
  kind: 'SenderPlatform',
} as const;

/**
 * An application that sends mail: as which domains and addresses, for which purpose, and how it authenticates.
 * Written by the application team, which finds host, user name and password in the Secret that status.binding
 * names. The annotation relayfleet.io/suspended with a reason works like spec.suspended. Deleting it ends its
 * login at once; what is queued is still sent before it goes, unless the annotation relayfleet.io/on-delete says
 * drop (the queued mail is dropped) or abandon (it stays queued, and the fleet's settings count for it).
 */
export type SenderPlatform = {
  readonly apiVersion: 'relayfleet.io/v1alpha1';
  readonly kind: 'SenderPlatform';
  readonly metadata: ObjectMeta;
  readonly spec: SenderPlatformSpec;
  readonly status?: SenderPlatformStatus;
};

export type SenderPlatformSpec = {
  /**
   * RelayDomains it sends for. A domain must allow this namespace; taking either side away withdraws the
   * permission at once.
   */
  readonly domainRefs: readonly SenderPlatformDomainRef[];
  /**
   * Transactional mail is what one person waits for (receipts, password resets) and goes first; Bulk is everything
   * sent to many.
   */
  readonly purpose: 'Transactional' | 'Bulk';
  /** Mailbox of the people to ask when something is odd about this platform's mail. */
  readonly contact?: string;
  /** How it authenticates, always under TLS. */
  readonly auth: SenderPlatformAuth;
  /**
   * When and for how long delivery of this platform's mail is tried again; what is not said here is as the fleet
   * has it. A one-time password is worth nothing after 5m, a newsletter may take days.
   */
  readonly retry?: SenderPlatformRetry;
  /** Stops this platform; its mail is refused, and what was accepted waits. Bites on every node within 5 seconds. */
  readonly suspended: boolean;
};

export type SenderPlatformDomainRef = {
  /** Name of the RelayDomain (its metadata.name, which need not be the domain). */
  readonly name: string;
  /** Namespace of the RelayDomain; without it, this object's. */
  readonly namespace?: string;
  /** Local parts it may send as, in MAIL FROM and From alike, compared without regard to case; '*' is every one. */
  readonly from: readonly string[];
};

export type SenderPlatformAuth = {
  /** Password is SMTP AUTH (PLAIN or LOGIN) with the user name in status.username. */
  readonly type: 'Password';
  /**
   * Secret in this namespace with a password of your own, of at least 12 characters. Without it the operator makes
   * one. Deleting the Secret revokes the password at once, also after this was edited to name another one that
   * cannot be used.
   */
  readonly passwordRef?: SenderPlatformAuthPasswordRef;
};

export type SenderPlatformAuthPasswordRef = {
  /** Name of the Secret. */
  readonly name: string;
  /** Key in the Secret. */
  readonly key: string;
};

export type SenderPlatformRetry = {
  /**
   * Age at which a mail that could not be delivered is returned to its sender, from 1m to 336h. Not more than the
   * fleet's retry.maxAge counts.
   */
  readonly maxAge?: string;
  /**
   * Waits after the 1st, 2nd, ... failed attempt; the last one repeats until maxAge. Each from 30s to 24h, and
   * spread by a tenth.
   */
  readonly schedule?: readonly string[];
};

export type SenderPlatformStatus = {
  /** Generation of the spec this status is about. */
  readonly observedGeneration?: number;
  /** User name for SMTP AUTH. */
  readonly username?: string;
  /**
   * Queue entries of its mail that are left, once it is being deleted. It goes when there are none; the condition
   * Ready says what they wait for.
   */
  readonly queued?: number;
  /** Secret with everything a client needs, shaped as a provisioned service of the Service Binding specification. */
  readonly binding?: { readonly name: string };
  /** One entry per RelayDomain named, with what became of the binding. */
  readonly domains?: readonly SenderPlatformStatusDomain[];
  /** State of the object. */
  readonly conditions?: readonly Condition[];
};

export type SenderPlatformStatusDomain = {
  /** Namespace of the RelayDomain. */
  readonly namespace: string;
  /** Name of the RelayDomain. */
  readonly name: string;
  /** Its domain, where it exists. */
  readonly domain?: string;
  /** State of this binding. */
  readonly conditions?: readonly Condition[];
};
