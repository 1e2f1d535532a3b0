// The envelope's part of a transaction: saying MAIL, RCPT and DATA, in one write to a peer that offers PIPELINING (RFC 2920 §3.1,
// DATA last), else one by one; and what the replies mean for each recipient and for what may be said next.
import type { Fact, Stage } from './facts.ts';
import type { Asked, Line } from './line.ts';
import { replyClass, type Reply } from './reply-reader.ts';

/** What the peer is ready for. */
export type Next =
  | 'message'
  /** It waits for a message though it took no recipient. RFC 2920 §3.1: it gets none, a single dot. */
  | 'lone-dot'
  /** It holds half a transaction, which RSET ends. */
  | 'reset'
  /** Nothing sensible. */
  | 'hang-up';

export type Judged = {
  /** One for each recipient, in order; undefined: accepted, the message decides. */
  readonly facts: readonly (Fact | undefined)[];
  readonly next: Next;
};

/** Says the commands as the peer can take them; without PIPELINING stops where going on would be pointless. */
export async function sayEnvelope(line: Line, commands: readonly string[], pipelining: boolean): Promise<Asked> {
  if (pipelining) return line.ask(commands.join(''), commands.length);
  const replies: Reply[] = [];
  for (const command of commands) {
    const { replies: given, ended } = await line.ask(command, 1);
    replies.push(...given);
    if (ended !== undefined) return { replies, ended };
    const [mail, ...recipients] = replies;
    const dataIsNext = replies.length === commands.length - 1;
    if (!isPositive(mail) || (dataIsNext && !recipients.some(isPositive))) break;
  }
  return { replies };
}

/** Replies to MAIL, each RCPT and DATA, as many as came. */
export function judgeEnvelope(recipients: number, { replies, ended }: Asked): Judged {
  const stageOf = (i: number): Stage => (i === 0 ? 'mail' : i <= recipients ? 'rcpt' : 'data');
  const refusal = (i: number): Fact => ({ kind: 'refused', stage: stageOf(i), reply: replies[i]!.text });
  const all = (fact: Fact | undefined) => Array<Fact | undefined>(recipients).fill(fact);

  // One that answers no such command: replies and commands are out of step, and no other reply is sure to be its command's.
  const stray = replies.findIndex((reply, i) => !canAnswer(stageOf(i), reply));
  if (stray !== -1) return { facts: all(refusal(stray)), next: 'hang-up' };

  const [mail] = replies;
  const answers = replies.slice(1, recipients + 1);
  const data = replies[recipients + 1];
  const granted = data !== undefined && replyClass(data) === 3;
  const mailRefused = mail !== undefined && !isPositive(mail);

  const common = (): Fact | undefined => {
    if (replies.at(-1)?.code === 421) return refusal(replies.length - 1);
    if (ended !== undefined) return brokenOff(ended, false);
    return data !== undefined && !granted ? refusal(recipients + 1) : undefined;
  };
  const own = (i: number) => (answers[i] !== undefined && !isPositive(answers[i]) ? refusal(i + 1) : undefined);
  const facts = mailRefused
    ? all(refusal(0)) // whatever a peer says to RCPT after that is no verdict on the recipient
    : all(common()).map((fact, i) => own(i) ?? fact);

  if (ended !== undefined) return { facts, next: 'hang-up' };
  if (!granted) return { facts, next: 'reset' };
  if (!answers.some(isPositive)) return { facts, next: 'lone-dot' };
  // With the sender refused and a recipient taken a dot could deliver an empty message.
  return { facts, next: mailRefused ? 'hang-up' : 'message' };
}

/** RFC 5321 §4.3.2: 354 invites to send, and nothing else does: to any other reply the message would be read as commands. */
function canAnswer(stage: Stage, reply: Reply): boolean {
  const group = replyClass(reply);
  return group === 4 || group === 5 || group === (stage === 'data' ? 3 : 2);
}

function isPositive(reply: Reply | undefined): boolean {
  return reply !== undefined && replyClass(reply) === 2;
}

/** Words for ends that we brought about. */
const ourDoing: Readonly<Record<string, Fact>> = {
  STOPPED: { kind: 'interrupted' },
  BODY_DAMAGED: { kind: 'body-damaged' },
  BODY_UNREAD: { kind: 'body-unread' },
};

/** The session ended before an answer. */
export function brokenOff(detail: string, dotSent: boolean): Fact {
  return (!dotSent && ourDoing[detail]) || { kind: 'lost', dotSent, detail };
}
