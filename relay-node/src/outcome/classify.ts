// What a failure means. The one file that turns a reply, a socket error, an answer of DNS or a state of our own into an outcome:
// delivered, deferred or bounced, with a category and a status (RFC 3463). Also: whether the next hop may be asked at once.
// The lists below are the policy; the first rule that matches decides. Knows neither retry times nor recipients.
import type { AttemptOutcome, OutcomeCategory, RecipientResult } from '@relayfleet/contract/outcome.ts';
import type { Fact, Stage } from '../delivery/facts.ts';
import type { RoutingFailure } from '../routing/next-hops.ts';

/** States of our own that keep a mail from being sent. */
export type OwnFact =
  /** The RelayDomain the mail was accepted for is not (or no longer) part of this fleet. */
  | { readonly kind: 'domain-gone' }
  /** The domain has no usable DKIM key: nothing leaves unsigned. */
  | { readonly kind: 'no-signing-key' }
  /** Older than the fleet's retry limit. */
  | { readonly kind: 'too-old' }
  /** A person ordered that it is not to be sent; `removed` is the one of which its sender is to hear. */
  | { readonly kind: 'dropped' | 'removed'; readonly order: string }
  /** No node can work on the entry. */
  | { readonly kind: 'unworkable' };

export type Verdict = {
  readonly outcome: AttemptOutcome;
  readonly category: OutcomeCategory;
  /** The peer's reply code, where it replied. */
  readonly code?: number | undefined;
  /** RFC 3463. */
  readonly status: string;
  /** In our words, for the sender of the mail. No addresses. */
  readonly why: string;
  /** Delivered, and the next hop sends no notices itself. RFC 3461 §5.2.2 */
  readonly relayed?: true | undefined;
  /** In the peer's words. May hold addresses: for the bounce alone. */
  readonly reply?: string;
};

export function classify(fact: Fact | RoutingFailure | OwnFact): Verdict {
  if (fact.kind === 'taken') return { ...readReply(fact.reply, '2.0.0'), ...(fact.notifies ? taken : relayed) };
  if (fact.kind === 'refused') return classifyReply(fact.stage, fact.reply);
  if (fact.kind === 'unfit') return unfit[fact.lacks];
  if (fact.kind === 'lost') return fact.dotSent ? lostAfterDot : lostBeforeDot;
  return plain[fact.kind];
}

/** Whether the fault lies with this hop alone and nothing of the mail can have been taken, so that another may be asked now. */
export function isHopsFault(fact: Fact | RoutingFailure): boolean {
  if (fact.kind === 'lost') return !fact.dotSent;
  // RFC 5321 §3.8: 421 closes the session; before MAIL every refusal is about us and this host, not about the mail.
  if (fact.kind === 'refused')
    return beforeMail.has(fact.stage) || (fact.stage !== 'dot' && replyCode(fact.reply) === 421);
  return hopsFault[fact.kind];
}

/** What an attempt shows of its destination: a host of it replied, none could be used, or none was asked. */
export function reachOf(verdicts: readonly Verdict[]): 'answered' | 'unreached' | 'unasked' {
  if (verdicts.some(({ outcome, code }) => outcome === 'delivered' || code !== undefined)) return 'answered';
  const isUnreached = ({ outcome, category }: Verdict) => outcome === 'deferred' && hopCategories.has(category);
  return verdicts.length > 0 && verdicts.every(isUnreached) ? 'unreached' : 'unasked';
}

const hopCategories: ReadonlySet<OutcomeCategory> = new Set(['network', 'dns', 'tls', 'address-guard']);

const hopsFault: Readonly<Record<Exclude<(Fact | RoutingFailure)['kind'], 'lost' | 'refused'>, boolean>> = {
  unreachable: true,
  'no-tls': true,
  'tls-failed': true,
  'no-address': true,
  'address-refused': true,
  'dns-unavailable': true,
  taken: false,
  unfit: false,
  unsendable: false,
  'body-damaged': false,
  'body-unread': false,
  interrupted: false,
  'no-route': false,
  'no-such-domain': false,
  'null-mx': false,
  'no-mail-host': false,
  loop: false,
};

const beforeMail: ReadonlySet<Stage> = new Set(['greeting', 'hello', 'auth']);

type Reply = {
  readonly stage: Stage;
  readonly code: number;
  /** Subject and detail of the enhanced code, `1.1`; undefined where there is none. */
  readonly detail: string | undefined;
  readonly text: string;
};

type Rule = {
  readonly why: string;
  readonly when: (reply: Reply) => boolean;
  readonly category: OutcomeCategory;
  /** Absent: 4xx defers and 5xx bounces. RFC 5321 §4.2.1 */
  readonly outcome?: 'deferred' | 'bounced';
};

const asksToSlowDown = /\b(rate|too many|too fast|throttl\w*|slow down|gr[ae]y-?list\w*|try again later)\b/i;
const subject = (reply: Reply) => reply.detail?.split('.')[0];

const replyRules: readonly Rule[] = [
  {
    why: 'the receiving server broke the protocol',
    when: ({ code }) => code < 400 || code > 599,
    category: 'protocol',
    outcome: 'deferred',
  },
  {
    why: 'the next hop refused our credentials',
    when: ({ stage, code }) => stage === 'auth' || [530, 534, 535, 538].includes(code),
    category: 'configuration',
    outcome: 'deferred',
  },
  {
    why: 'the receiving server asked to slow down',
    when: ({ code, text }) => code < 500 && asksToSlowDown.test(text),
    category: 'rate',
  },
  {
    why: 'the receiving server refused our connection',
    when: ({ stage, code, detail }) => beforeMail.has(stage) && (code >= 500 || detail?.startsWith('7.') === true),
    category: 'policy',
    outcome: 'deferred',
  },
  {
    why: 'the receiving server is not available',
    when: ({ stage, code }) => beforeMail.has(stage) || code === 421,
    category: 'peer',
    outcome: 'deferred',
  },
  // RFC 5321 §4.5.3.1.10: 552 once stood for "too many recipients" and is then temporary.
  {
    why: 'too many recipients at once',
    when: ({ stage, code, detail }) =>
      stage === 'rcpt' &&
      (detail === '5.3' || (code === 452 && detail === undefined) || (code === 552 && detail === undefined)),
    category: 'rate',
    outcome: 'deferred',
  },
  {
    why: 'the message is too big',
    when: ({ stage, code, detail }) =>
      detail === '3.4' || detail === '2.3' || (code === 552 && stage !== 'rcpt' && detail === undefined),
    category: 'message',
  },
  {
    why: 'the receiving domain takes no mail',
    when: ({ code, detail }) => detail === '1.10' || code === 556,
    category: 'dns',
  }, // RFC 7504, RFC 7505
  {
    why: 'the sender’s address was refused',
    when: ({ detail }) => detail === '1.7' || detail === '1.8',
    category: 'policy',
  },
  // Microsoft 365 answers `550 5.4.1` to recipients it does not know.
  {
    why: 'the recipient’s address was refused',
    when: (reply) => subject(reply) === '1' || (reply.stage === 'rcpt' && reply.code === 550 && reply.detail === '4.1'),
    category: 'recipient',
  },
  { why: 'the recipient’s mailbox cannot take it', when: (reply) => subject(reply) === '2', category: 'recipient' },
  {
    why: 'the receiving system has a problem',
    when: (reply) => subject(reply) === '3' || subject(reply) === '4',
    category: 'peer',
  },
  { why: 'the receiving server saw a protocol error', when: (reply) => subject(reply) === '5', category: 'protocol' },
  { why: 'the content was refused', when: (reply) => subject(reply) === '6', category: 'message' },
  { why: 'the receiving server’s policy refused it', when: (reply) => subject(reply) === '7', category: 'policy' },
  // No enhanced code, or the undefined `X.0.0`: the basic code and where it came must do.
  {
    why: 'the receiving server lost the thread',
    when: ({ code }) => code === 503,
    category: 'protocol',
    outcome: 'deferred',
  },
  {
    why: 'the receiving server saw a protocol error',
    when: ({ code }) => (code >= 500 && code <= 504) || code === 555,
    category: 'protocol',
  },
  {
    why: 'the recipient’s address was refused',
    when: ({ stage, code }) => stage === 'rcpt' && [550, 551, 553].includes(code),
    category: 'recipient',
  },
  { why: 'the receiving server’s policy refused it', when: ({ code }) => code >= 500, category: 'policy' },
  { why: 'the receiving server could not take it now', when: () => true, category: 'peer' },
];

function classifyReply(stage: Stage, text: string): Verdict {
  const code = replyCode(text);
  const detail = /^\d{3}[ -]\d\.(\d{1,3}\.\d{1,3})\b/.exec(text)?.[1];
  const reply: Reply = { stage, code, detail: detail === '0.0' ? undefined : detail, text };
  const rule = replyRules.find(({ when }) => when(reply))!; // the last rule matches everything
  const outcome = rule.outcome ?? (code >= 500 ? 'bounced' : 'deferred');
  const undefinedStatus = outcome === 'bounced' ? '5.0.0' : '4.0.0';
  return { ...readReply(text, undefinedStatus), outcome, category: rule.category, why: rule.why };
}

/** Code, status and text of a reply. The status' class follows our outcome: a refusal that is tried again is a 4. */
function readReply(text: string, fallback: string): Pick<Verdict, 'code' | 'status' | 'reply'> {
  const code = replyCode(text);
  const detail = /^\d{3}[ -]\d\.(\d{1,3}\.\d{1,3})\b/.exec(text)?.[1];
  return {
    ...(code > 0 ? { code } : {}),
    status: detail === undefined ? fallback : `${fallback[0]}.${detail}`,
    reply: text,
  };
}

function replyCode(text: string): number {
  return Number(/^\d{3}(?=[ -]|$)/.exec(text)?.[0] ?? 0);
}

const deferred = (category: OutcomeCategory, status: string, why: string): Verdict => ({
  outcome: 'deferred',
  category,
  status,
  why,
});
const bounced = (category: OutcomeCategory, status: string, why: string): Verdict => ({
  outcome: 'bounced',
  category,
  status,
  why,
});

const taken = { outcome: 'delivered', category: 'accepted', why: 'the receiving server took it' } as const;
const relayed = { ...taken, relayed: true } as const;

const lostBeforeDot = deferred('network', '4.4.2', 'the connection to the receiving server broke');
// RFC 5321 §4.5.3.2.6: the peer may have taken it. Tried again: better twice than not at all.
const lostAfterDot = deferred(
  'network',
  '4.4.2',
  'the connection broke before the receiving server confirmed the message',
);

const unfit: Readonly<Record<Extract<Fact, { kind: 'unfit' }>['lacks'], Verdict>> = {
  '8BITMIME': bounced(
    'message',
    '5.6.3',
    'the receiving server does not take 8-bit content, and converting it would break its signature',
  ),
  SMTPUTF8: bounced('message', '5.6.7', 'the receiving server does not take internationalized addresses or headers'),
  SIZE: bounced('message', '5.3.4', 'the message is larger than the receiving server takes'),
};

type PlainKind = Exclude<(Fact | RoutingFailure | OwnFact)['kind'], 'taken' | 'refused' | 'unfit' | 'lost'>;

const plain: Readonly<Record<PlainKind, Verdict>> = {
  unreachable: deferred('network', '4.4.1', 'the receiving server could not be reached'),
  'no-tls': deferred('tls', '4.7.4', 'TLS is required, and the receiving server does not offer it'),
  'tls-failed': deferred(
    'tls',
    '4.7.5',
    'TLS is required, and could not be established as required with the receiving server',
  ),
  unsendable: bounced('message', '5.1.3', 'the address cannot be used in SMTP'),
  // Of some recipients of a mail only: what nobody took goes another way (deliver.ts).
  'body-damaged': deferred('configuration', '4.3.0', 'the relay could not read the message'),
  'body-unread': deferred('configuration', '4.3.0', 'the relay could not read the message'),
  interrupted: deferred('configuration', '4.3.2', 'the relay is restarting'),
  'no-route': deferred('configuration', '4.4.4', 'no route of the sending domain leads to the recipient’s domain'),
  'no-such-domain': bounced('dns', '5.1.2', 'the recipient’s domain does not exist'),
  'null-mx': { ...bounced('dns', '5.1.10', 'the recipient’s domain takes no mail'), code: 556 }, // RFC 7505 §4.1
  'no-mail-host': bounced('dns', '5.4.4', 'the recipient’s domain names no mail server'),
  loop: bounced('dns', '5.4.6', 'the recipient’s domain names this relay as its best mail server'), // RFC 5321 §5.1
  'no-address': deferred('dns', '4.4.4', 'the receiving server’s name has no address'),
  'dns-unavailable': deferred('dns', '4.4.3', 'DNS gave no answer about the receiving server'),
  'address-refused': deferred(
    'address-guard',
    '4.4.4',
    'the receiving server’s address is not one this relay connects to',
  ),
  'domain-gone': deferred('configuration', '4.3.5', 'the sending domain is not configured on this relay'),
  'no-signing-key': deferred('configuration', '4.3.5', 'the sending domain has no usable signing key'),
  'too-old': { outcome: 'expired', category: 'age', status: '4.4.7', why: 'it could not be delivered in time' },
  dropped: { outcome: 'dropped', category: 'order', status: '5.7.1', why: 'it was dropped from the queue on order' },
  removed: bounced('order', '5.7.1', 'it was removed from the queue by those who run this relay'),
  unworkable: bounced('internal', '5.3.0', 'this relay cannot process the message'),
};

/** What an attempt's record tells of a verdict: all that counts, in plainer words. The peer's own are not recorded. */
export function recall(result: Omit<RecipientResult, 'n'>): Verdict {
  const own = Object.values(plain).find(
    ({ outcome, category }) => ownEnds.has(category) && outcome === result.outcome && category === result.category,
  );
  const peers = `the receiving server ${result.outcome === 'delivered' ? 'took it' : 'did not take it'}`;
  return { ...result, why: own?.why ?? peers };
}

/** Categories of ends that no peer brought about. */
const ownEnds: ReadonlySet<OutcomeCategory> = new Set(['age', 'order', 'internal']);
