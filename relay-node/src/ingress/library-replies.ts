// Which of our replies stands for a refusal that smtp-server words itself, so that clients see one catalogue and no other text.
// Pure: code, text and context of the library's `send` in; a reply out. Only the pinned version's texts are known here.
import type { ReplyKey } from '../replies.ts';

const byContext: Readonly<Record<string, ReplyKey>> = {
  SENDER_SYNTAX_ERROR: 'senderSyntax',
  MAILBOX_SYNTAX_ERROR: 'recipientSyntax',
  MESSAGE_TOO_BIG: 'sizeExceeded',
};

const byCode: Readonly<Record<number, ReplyKey>> = {
  421: 'protocolAbuse',
  451: 'internalError',
  500: 'unknownCommand',
  501: 'badSyntax',
  503: 'badSequence',
  504: 'unknownMechanism',
  538: 'loginNeedsTls',
};

/** Commands of SMTP that are not offered here. RFC 5321 §4.2.4 asks for 502 where a command is known, and for 500 where it is not. */
const notImplemented: ReadonlySet<string> = new Set(
  'BDAT BURL EXPN ETRN ATRN TURN SEND SAML SOML'.split(' '), // the last four are obsolete: RFC 5321 appendix F
);

const closing: readonly (readonly [RegExp, ReplyKey])[] = [
  [/Too many connected clients/, 'tooManyConnections'],
  [/shutting down/, 'shuttingDown'],
  [/^Timeout/, 'tooSlow'],
];

/** Our reply for a refusal (code >= 400) of the library; undefined when it has none, which a test would notice. */
export function libraryReply(
  refusal: { readonly code: number; readonly text: string; readonly context: string | false | undefined },
  secure: boolean,
): ReplyKey | undefined {
  const { code, text, context } = refusal;
  if (code === 530) return secure ? 'authenticationRequired' : 'tlsRequired';
  if (code === 500 && notImplemented.has(context || '')) return 'notImplemented';
  if (code === 421) return closing.find(([words]) => words.test(text))?.[1] ?? 'protocolAbuse';
  return byContext[context || ''] ?? byCode[code];
}
