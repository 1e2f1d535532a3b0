// The Secret an application mounts or reads: everything it needs to send, in the shape of the Service Binding specification
// (https://servicebinding.io/spec/core/1.1.0/, "Provisioned Service" and "Well-known Secret Entries").
// Refuses to know how the password was made and whether nodes know it yet.
import type { RelayFleetListener } from '@relayfleet/contract/api/relay-fleet.ts';
import type { Endpoint } from '../world.ts';

export type BindingFacts = {
  readonly username: string;
  readonly password: string;
  /** Host of the listeners that have no endpoint of their own. */
  readonly host: string;
  readonly listeners: readonly RelayFleetListener[];
  /** By listener name: where clients really reach it. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** PEM; undefined when the certificate is from a public authority. */
  readonly ca: string | undefined;
  /** Domains that may be sent for through this host. */
  readonly domains: readonly string[];
};

/** Keys and values. `uri` prefers TLS from the first byte (RFC 8314 §3.3) and falls back to STARTTLS. */
export function bindingData(facts: BindingFacts): Readonly<Record<string, string>> {
  const { username, password, ca, domains } = facts;
  const implicit = reach(facts, 'Implicit');
  const startTls = reach(facts, 'StartTLS');
  const main = implicit ?? startTls;
  return {
    type: 'smtp',
    provider: 'relayfleet',
    username,
    password,
    domains: domains.join(','),
    ...(main && { host: main.host, port: String(main.port), uri: uri(implicit ? 'smtps' : 'smtp', main, facts) }),
    ...(startTls && { 'starttls-port': String(startTls.port) }),
    ...(ca !== undefined && { 'ca.crt': ca }),
  };
}

function reach({ listeners, endpoints, host }: BindingFacts, mode: RelayFleetListener['mode']): Endpoint | undefined {
  const listener = listeners.find((candidate) => candidate.mode === mode);
  return listener && (endpoints.get(listener.name) ?? { host, port: listener.port });
}

/** RFC 3986 §3.2.1: user and password are percent-encoded, for a password may hold any character. */
function uri(scheme: 'smtps' | 'smtp', { host, port }: Endpoint, { username, password }: BindingFacts): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${authority}:${port}`;
}
