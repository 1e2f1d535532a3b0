// What can happen between us and a next hop, stated without judgement: one fact per recipient and attempt.
// outcome/classify.ts says what each means. Replies are the peer's words and may quote addresses: they go into a bounce to the
// sender, never into a log, an event or a metric.

/** Where in the conversation a reply came. `dot` is the answer to the end of the data. */
export type Stage = 'greeting' | 'hello' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot';

export type Fact =
  /** `notifies`: the peer offers DSN, so whoever asked for word of a delivery has it from there. */
  | { readonly kind: 'taken'; readonly reply: string; readonly notifies: boolean }
  /** Anything but the reply we needed, whatever its code. */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: string }
  /** No TCP connection. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** The connection ended or a deadline passed. `dotSent`: the peer may have the mail all the same. */
  | { readonly kind: 'lost'; readonly dotSent: boolean; readonly detail: string }
  /** TLS was demanded and the peer does not offer it. */
  | { readonly kind: 'no-tls' }
  /** The handshake failed, or the certificate did not verify where it must. */
  | { readonly kind: 'tls-failed'; readonly detail: string }
  /** The peer lacks what this mail needs; nothing was sent. */
  | { readonly kind: 'unfit'; readonly lacks: '8BITMIME' | 'SMTPUTF8' | 'SIZE' }
  /** The SMTP client would not send it: an address it does not accept. */
  | { readonly kind: 'unsendable'; readonly detail: string }
  /** The message turned out to be lost or damaged, at the latest while it was sent; the peer got no end of it. */
  | { readonly kind: 'body-damaged' }
  /** It could not be read to its end now, which says nothing about the peer. */
  | { readonly kind: 'body-unread' }
  /** We are stopping. */
  | { readonly kind: 'interrupted' };
