// One try to send an entry's mail: whether it may still be sent, signing it now, the attempt, and a verdict for each recipient.
// Composes signing, delivery and outcome for deliver.ts. Refuses to know what follows from a verdict.
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { domainPolicyOf, type DomainPolicy, type Snapshot } from '@relayfleet/contract/snapshot.ts';
import { attempt, type AttemptDeps, type SignedMessage } from './attempt.ts';
import type { Clock } from './clock.ts';
import { openMessage } from './open-message.ts';
import { classify, type OwnFact } from './outcome/classify.ts';
import type { Journey, Outcome } from './outcome/record.ts';
import { retryPolicyOf } from './outcome/retry-policy.ts';
import { isTooOld } from './outcome/schedule.ts';
import { insist, type Job, type PutAwayDeps } from './put-away.ts';
import type { SigningKey } from './signing/keys.ts';
import { sign } from './signing/sign.ts';

export type TryDeps = PutAwayDeps & {
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
  /** Milliseconds between attempts; empty means as fleet and platforms have it. */
  readonly retryDelays: readonly number[];
  readonly attempting: AttemptDeps;
  readonly keysOf: (policy: DomainPolicy) => readonly SigningKey[];
};

export type Tried =
  | { readonly kind: 'tried'; readonly outcomes: readonly Outcome[]; readonly journey: Journey }
  /** By our stop or by the queue: it is as if nothing had been tried. */
  | { readonly kind: 'interrupted' }
  /** It is lost or damaged; nobody has taken anything of it. */
  | { readonly kind: 'no-body' };

/** `due`: when this attempt was to be made. */
export async function tryOnce({ envelope, inline }: Job, due: number, deps: TryDeps): Promise<Tried> {
  const snapshot = deps.snapshot();
  const { maxAgeMs, delays } = retryPolicyOf(snapshot, envelope, deps);
  if (isTooOld({ ...envelope, due, maxAgeMs, now: deps.now() }, delays)) return unsent(envelope, { kind: 'too-old' });
  const policy = domainPolicyOf(snapshot, envelope);
  if (policy === undefined) return unsent(envelope, { kind: 'domain-gone' });
  const keys = deps.keysOf(policy);
  if (keys.length === 0) return unsent(envelope, { kind: 'no-signing-key' });

  const message = () => signedMessage({ envelope, inline }, { domain: policy.domain, keys }, deps);
  const { found, journey } = await attempt({ envelope, message, policy, fleet: snapshot.fleet }, deps.attempting);
  if (found.every(({ fact }) => fact.kind === 'body-damaged')) return { kind: 'no-body' };
  if (found.every(({ fact }) => fact.kind === 'interrupted')) return { kind: 'interrupted' };
  if (found.every(({ fact }) => fact.kind === 'body-unread')) return unread(deps);
  const outcomes = found.map(({ recipient, fact, hop }) => ({ recipient, verdict: classify(fact), hop }));
  return { kind: 'tried', outcomes, journey };
}

type MessageDeps = Pick<TryDeps, 'queue' | 'report' | 'signal' | 'clock'>;

async function signedMessage(
  { envelope, inline }: Pick<Job, 'envelope' | 'inline'>,
  signer: { readonly domain: string; readonly keys: readonly SigningKey[] },
  deps: MessageDeps,
): Promise<SignedMessage> {
  const read = () => openMessage(deps.queue, envelope, inline).then((message) => ({ ok: true as const, message }));
  const opened = await insist('body-read', read, deps);
  if (opened === undefined) return { ok: false, fact: { kind: 'interrupted' } };
  if (opened.message === undefined) return { ok: false, fact: { kind: 'body-damaged' } };
  const { beginning: message, relaxedHash, body: rest } = opened.message;
  const { earliest, latest } = deps.clock.span();
  const signature = await sign({ ...signer, message, relaxedHash, now: earliest, latest, envelope });
  return { ok: true, pieces: rest === undefined ? [signature, message] : [signature], rest };
}

const afterUnreadMs = 5_000;

/** The queue failed in the middle of a body, which is no attempt at the peer; it is not asked at the pace at which it fails. */
async function unread({ report, signal }: TryDeps): Promise<Tried> {
  report.queueProblem('body-read');
  await delay(afterUnreadMs, undefined, { signal }).catch(() => undefined);
  return { kind: 'interrupted' };
}

/** The same for an entry that is not sent, for a reason of our own. */
export function unsent(envelope: Envelope, fact: OwnFact): Extract<Tried, { kind: 'tried' }> {
  const verdict = classify(fact);
  const journey: Journey = { hop: null, tls: null, connectMs: null, transferMs: null };
  return {
    kind: 'tried',
    outcomes: envelope.recipients.map((recipient) => ({ recipient, verdict, hop: null })),
    journey,
  };
}
