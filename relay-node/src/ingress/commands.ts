// MAIL FROM and RCPT TO as smtp-server parsed them, in our words. Reads the parameters of this command alone: the library keeps
// those of a refused MAIL in its session. What EHLO did not offer, or is malformed, is listed, not ignored (RFC 5321 §4.1.1.11).
import type { Recipient } from '@relayfleet/contract/envelope.ts';
import type { SMTPServerAddress } from 'smtp-server';
import type { RecipientCommand, SenderCommand } from './session.ts';
import { isXtext, originalRecipient } from './xtext.ts';

// SIZE and BODY are checked by the library; AUTH= is taken and not passed on, since the login says who sends (RFC 4954 §5).
const offered = {
  sender: ['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'AUTH'],
  recipient: ['NOTIFY', 'ORCPT'],
} as const;

const longest = { envid: 100, orcpt: 500 } as const; // RFC 3461 §4.4, §4.2

export function senderCommand({ address, args }: SMTPServerAddress): SenderCommand {
  const parameters = args || {};
  const ret = text(parameters['RET'])?.toUpperCase();
  const envid = text(parameters['ENVID']);
  const envidFits = envid === undefined || (envid.length <= longest.envid && isXtext(envid));
  return {
    address,
    smtputf8: parameters['SMTPUTF8'] === true,
    ...(ret === 'FULL' || ret === 'HDRS' ? { ret } : {}),
    ...(envid !== undefined && envidFits ? { envid } : {}),
    unusable: notOffered(parameters, offered.sender),
    malformed: envidFits ? [] : ['ENVID'],
  };
}

export function recipientCommand({ address, args, dsn }: SMTPServerAddress): RecipientCommand {
  const orcpt = dsn?.orcpt === undefined ? undefined : originalRecipient(dsn.orcpt);
  const orcptFits = dsn?.orcpt === undefined || (orcpt !== undefined && orcpt.length <= longest.orcpt);
  const notify = dsn?.notify as Recipient['notify']; // the library lets only the four words of RFC 3461 §4.1 through
  return {
    address,
    ...(notify === undefined ? {} : { notify }),
    ...(orcpt !== undefined && orcptFits ? { orcpt } : {}),
    unusable: notOffered(args || {}, offered.recipient),
    malformed: orcptFits ? [] : ['ORCPT'],
  };
}

function notOffered(parameters: object, names: readonly string[]): string[] {
  return Object.keys(parameters).filter((name) => !names.includes(name));
}

function text(value: string | true | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
