// Whether an address is this very node, at the port next hops are reached on. Most nodes listen on other ports, and need not ask.
// Refuses to know what follows from it.
import { isIP } from 'node:net';

export type Listening = { readonly host: string; readonly port: number };

/** `local`: addresses of this machine's interfaces. Undefined: nobody listens here on that port. */
export function ownAddressCheck(
  listeners: readonly Listening[],
  smtpPort: number,
  local: readonly string[],
): ((address: string) => boolean) | undefined {
  const hosts = listeners.filter(({ port }) => port === smtpPort).map(({ host }) => host);
  if (hosts.length === 0) return undefined;
  // The unspecified address of IPv6 takes IPv4 too; that of IPv4 does not take IPv6.
  const any = [4, 6].filter((family) => hosts.includes('::') || (family === 4 && hosts.includes('0.0.0.0')));
  const own = new Set([...hosts, ...local.filter((address) => any.includes(isIP(address)))]);
  return (address) => own.has(address);
}
