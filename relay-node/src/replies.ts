// Every reply a client can get that is not plain progress: its line on the wire, why, and what the sender should do.
// Only the catalogue (replies-of-….ts) spells a reply; docs/reference/replies.md is made from it. Which reply is given when is decided
// in policy/ and ingress/.
import { message, recipient, sender } from './replies-of-mail.ts';
import { connection, login } from './replies-of-session.ts';

/** By the moment at which they are first said, in the order of a session. */
export const repliesByStage = { connection, login, sender, recipient, message } as const;

export const replies = { ...connection, ...login, ...sender, ...recipient, ...message } as const;
export type ReplyKey = keyof typeof replies;

/** A reply with the numbers or ids its text leaves open. */
export type Answer = { readonly reply: ReplyKey; readonly values?: Readonly<Record<string, string | number>> };

export type RenderedReply = { readonly code: number; readonly status: string; readonly text: string };

/** The parts of a reply, its placeholders filled. A placeholder without a value, or a line that is not a reply, is a bug. */
export function render({ reply, values = {} }: Answer): RenderedReply {
  const [, code, status, text] = /^(\d{3}) ([245]\.\d{1,3}\.\d{1,3}) (.+)$/.exec(replies[reply].line) ?? [];
  if (code === undefined || status === undefined || text === undefined)
    throw new Error(`reply ${reply}: not a reply line`);
  const filled = text.replace(/\{(\w+)\}/g, (_, word: string) => {
    const value = values[word];
    if (value === undefined) throw new Error(`reply ${reply}: no value for {${word}}`);
    return String(value);
  });
  return { code: Number(code), status, text: filled };
}
