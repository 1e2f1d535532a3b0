// What a reply of the catalogue consists of. Lines name no user, address or reason of an owner: `{word}` stands for a number or an id
// of ours. Codes: RFC 5321 §4.2.3, RFC 4954 §6, RFC 3207 §4, RFC 5248; statuses: RFC 3463, and for bare CR and LF Exchange Online's
// 5.6.11, under which the cure is found: RFC 3463 has nothing closer than 5.6.0.

export type Reply = {
  /** Code, status and text, as sent. */
  readonly line: string;
  /** For operators: docs, logs, metrics. */
  readonly reason: string;
  /** What the sending application, or its owner, should do. */
  readonly sender: string;
};
export type Replies = Readonly<Record<string, Reply>>;

/** For `sender`: what is to be done where nothing is wrong with the mail. */
export const retry = 'Keep the mail and try again; the relay recovers by itself.';
