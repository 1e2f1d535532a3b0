// The trace line we put in front of every message. RFC 5321 §4.4.
// No recipient address (the optional `for` clause) and no user name: a mail's path is not the place to publish them.

export type Trace = {
  readonly helo: string;
  readonly remoteAddress: string;
  /** Our own name. */
  readonly by: string;
  readonly tls: { readonly version: string; readonly cipher: string };
  readonly smtputf8: boolean;
  readonly id: string;
  readonly at: number;
};

/** The header field with its final CRLF. */
export function receivedLine(trace: Trace): string {
  const { helo, remoteAddress, by, tls, smtputf8, id, at } = trace;
  const protocol = smtputf8 ? 'UTF8SMTPSA' : 'ESMTPSA'; // RFC 3848, RFC 6531 §4.3
  return [
    `Received: from ${hostName(helo)} (${addressLiteral(remoteAddress)})`,
    `\tby ${by} with ${protocol} id ${id}`,
    `\t(${tls.version} ${tls.cipher});`,
    `\t${mailDate(at)}`,
    '',
  ].join('\r\n');
}

/** RFC 5322 §3.3; `at` in epoch milliseconds. */
export function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}

/** What a client calls itself is its own word: anything but a name or an address literal is not repeated. */
function hostName(helo: string): string {
  return /^(\[[0-9a-z.:]{1,64}\]|[0-9a-z_]([0-9a-z._-]{0,253}[0-9a-z_])?)$/i.test(helo) ? helo : 'unknown';
}

function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`; // RFC 5321 §4.1.3
}
