// One mail over an open session: envelope, message, and a fact for every recipient. Ours rather than a library's, because only who
// sees each reply can say which recipient it is about and whether the final dot had left; docs/decisions/0010 has the figures.
import { unfitness, type Capabilities } from './capabilities.ts';
import { envelopeCommands } from './commands.ts';
import { brokenOff, judgeEnvelope, sayEnvelope, type Next } from './envelope.ts';
import type { Fact } from './facts.ts';
import type { Line, Uploaded } from './line.ts';
import { replyClass } from './reply-reader.ts';
import type { Deadlines, OutgoingMail, Sent } from './smtp-client.ts';

export type Terms = { readonly line: Line; readonly peer: Capabilities; readonly deadlines: Deadlines };

export async function transact({ line, peer, deadlines }: Terms, mail: OutgoingMail): Promise<Sent> {
  const size = mail.pieces.reduce((sum, piece) => sum + piece.length, mail.rest?.size ?? 0);
  const unfit = unfitness({ size, eightBit: mail.eightBit, smtputf8: mail.smtputf8 }, peer);
  if (unfit !== undefined) return unsaid(mail, unfit);
  const commands = envelopeCommands(mail, size, peer);
  if (commands === undefined) return unsaid(mail, { kind: 'unsendable', detail: 'ADDRESS' });

  line.allow(deadlines.envelopeMs);
  const said = await sayEnvelope(line, commands, peer.has('PIPELINING'));
  const { facts, next } = judgeEnvelope(mail.recipients.length, said);
  if (next !== 'message') {
    const reusable = await withdraw(line, next, deadlines);
    return { facts: facts.map((fact) => fact!), begun: false, reusable };
  }
  const uploaded = await line.upload(mail, deadlines);
  const common = messageFact(uploaded, peer);
  if (!uploaded.dotSent) line.hangUp(); // not even QUIT: it would be a line of the message
  line.rest();
  return {
    facts: facts.map((fact) => fact ?? common),
    begun: uploaded.begun,
    reusable: common.kind === 'taken' && line.isOpen(),
  };
}

/** Nothing was said, so the session is as it was. */
function unsaid(mail: OutgoingMail, fact: Fact): Sent {
  return { facts: mail.recipients.map(() => fact), begun: false, reusable: true };
}

function messageFact({ reply, ended = 'ECONNECTION', dotSent }: Uploaded, peer: Capabilities): Fact {
  if (reply === undefined) return brokenOff(ended, dotSent);
  const positive = replyClass(reply) === 2;
  // It cannot be about a message it has not seen.
  if (positive && !dotSent) return { kind: 'lost', dotSent, detail: 'EARLY_REPLY' };
  if (positive) return { kind: 'taken', reply: reply.text, notifies: peer.has('DSN') };
  return { kind: 'refused', stage: dotSent ? 'dot' : 'data', reply: reply.text };
}

/** The verdicts wait for this answer, and it decides about reuse only: RFC 5321 §4.1.1.5 lets RSET be answered at once. */
const resetMs = 10_000;

/** Gets out of an envelope that led to nothing; whether the session can carry another mail. */
async function withdraw(line: Line, next: Exclude<Next, 'message'>, { greetingMs }: Deadlines): Promise<boolean> {
  switch (next) {
    case 'reset': {
      line.allow(Math.min(resetMs, greetingMs));
      const { replies } = await line.ask('RSET\r\n', 1);
      line.rest();
      return replies[0] !== undefined && replyClass(replies[0]) === 2 && line.isOpen();
    }
    case 'lone-dot':
      line.leave('.\r\n');
      return false;
    case 'hang-up':
      line.hangUp();
      return false;
  }
}
