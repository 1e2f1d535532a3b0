// Parameters of MAIL and RCPT that the SMTP library has no way to say: SMTPUTF8 for content beyond ASCII, and delivery status
// requests (RFC 3461 §5.2.1) that differ from recipient to recipient. Only what the peer offers is said.
import type { Capabilities } from './capabilities.ts';
import type { OutgoingMail } from './smtp-client.ts';

/** What to append to each command: ` KEY=VALUE…` or nothing. */
export function commandParameters(mail: OutgoingMail, peer: Capabilities): (command: string) => string {
  const dsn = peer.has('DSN');
  const sender =
    (mail.smtputf8 ? ' SMTPUTF8' : '') + (dsn ? parameter('RET', mail.ret) + parameter('ENVID', mail.envid) : '');
  const recipients = new Map(
    mail.recipients.map(({ address, notify, orcpt }) => [
      `RCPT TO:<${address}>`,
      dsn ? parameter('NOTIFY', notify?.join(',')) + parameter('ORCPT', orcpt) : '',
    ]),
  );
  return (command) => {
    // The library adds SMTPUTF8 itself where an address needs it.
    if (command.startsWith('MAIL FROM:'))
      return command.includes(' SMTPUTF8') ? sender.replace(' SMTPUTF8', '') : sender;
    return recipients.get(command) ?? '';
  };
}

/** Values are kept as xtext from the moment they were accepted; anything else is not passed on. */
function parameter(key: string, value: string | undefined): string {
  return value !== undefined && /^[\x21-\x7e]+$/.test(value) ? ` ${key}=${value}` : '';
}
