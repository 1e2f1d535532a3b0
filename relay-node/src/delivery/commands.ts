// The commands of a mail's envelope: MAIL, RCPT and DATA with the parameters the peer offers (RFC 5321 §4.1.1), delivery status
// requests per recipient (RFC 3461 §5.2.1) among them. Refuses what could not be said without saying something else.
import type { Capabilities } from './capabilities.ts';
import type { OutgoingMail } from './smtp-client.ts';

/** Each command with its line end, in order; undefined if an address cannot be said. */
export function envelopeCommands(mail: OutgoingMail, size: number, peer: Capabilities): readonly string[] | undefined {
  const sayable = mail.smtputf8 ? sayableUtf8 : sayableAscii;
  if (mail.sender !== '' && !sayable.test(mail.sender)) return undefined;
  if (!mail.recipients.every(({ address }) => sayable.test(address))) return undefined;
  const dsn = peer.has('DSN');
  const recipients = mail.recipients.map(({ address, notify, orcpt }) => {
    const wishes = dsn ? parameter('NOTIFY', notify?.join(',')) + parameter('ORCPT', orcpt) : '';
    return `RCPT TO:<${address}>${wishes}\r\n`;
  });
  return [`MAIL FROM:<${mail.sender}>${senderParameters(mail, size, peer)}\r\n`, ...recipients, 'DATA\r\n'];
}

// Neither a line end nor a bracket, space or control may stand in an address, or it would end the address or the command.
const sayableAscii = /^[\x21-\x3b\x3d\x3f-\x7e]+$/;
const sayableUtf8 = /^[^\p{Cc}\p{Cs}\s<>]+$/u; // RFC 6531 §3.3

/** The peer is known to offer what the mail needs (`unfitness`). */
function senderParameters(mail: OutgoingMail, size: number, peer: Capabilities): string {
  return (
    (peer.has('SIZE') && size > 0 ? ` SIZE=${size}` : '') + // RFC 1870 §5: before dots are doubled
    (mail.eightBit ? ' BODY=8BITMIME' : '') +
    (mail.smtputf8 ? ' SMTPUTF8' : '') +
    (peer.has('DSN') ? parameter('RET', mail.ret) + parameter('ENVID', mail.envid) : '')
  );
}

/** Values are kept as xtext from the moment they were accepted; anything else is not passed on. */
function parameter(key: string, value: string | undefined): string {
  return value !== undefined && /^[\x21-\x7e]+$/.test(value) ? ` ${key}=${value}` : '';
}
