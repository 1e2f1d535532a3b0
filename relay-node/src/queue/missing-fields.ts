// The header fields a submission server may add where the client left them out, and no others. RFC 6409 §8.2, §8.3: Date, Message-ID.
// A field that is there is left alone, even an empty one: that is the author's to answer for.
import { mailDate } from './received-line.ts';

export type AddedBy = {
  /** Of the mail: unique already (RFC 5322 §3.6.4). */
  readonly id: string;
  /** Canonical domain of the From header: who answers for the mail names it. */
  readonly domain: string;
  readonly at: number;
};

/** Header lines for what is missing, each with its CRLF; they go in front of the message, so that the signature covers them. */
export function missingFields(
  present: { readonly date: boolean; readonly messageId: boolean },
  { id, domain, at }: AddedBy,
): string {
  const date = present.date ? '' : `Date: ${mailDate(at)}\r\n`;
  return present.messageId ? date : `${date}Message-ID: <${id}@${domain}>\r\n`;
}
