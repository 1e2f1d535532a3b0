// The demonstration mail: submitted like any other, then followed through the event stream to the receiving server.
// It has succeeded when it is there with every signature, SPF and DMARC passing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { stepLines, stepsOf } from '../journey.ts';
import type { Submission, SubmissionResult } from '../send/submit.ts';
import type { ReadyFile, ReadyListener } from './ready-file.ts';
import { findReceipt } from './receiver/mailbox.ts';
import { isVerified } from './receiver/verify.ts';
import { exampleOf, type Example } from './story/copy-block.ts';
import { receiptStep } from './story/verdict-words.ts';

export type DemonstrationResult = { readonly ok: true } | { readonly ok: false; readonly problem: string };

export type DemonstrationDeps = {
  /** Which node gets the mail, if there is a choice. */
  readonly node: string | undefined;
  readonly submit: (submission: Submission) => Promise<SubmissionResult>;
  /** PEM; undefined where the listeners' certificate is from a public authority. */
  readonly ca: string | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

/** Longer than the first retry, so that one hiccup does not fail it. */
const patienceMs = 100_000;
const lookEveryMs = 40;
/** An event still missing this long after the mail was settled is lost. */
const lateMs = 2_000;

export async function demonstrate(ready: ReadyFile, deps: DemonstrationDeps): Promise<DemonstrationResult> {
  const example = exampleOf(ready);
  const own = ready.listeners.filter(({ node }) => deps.node === undefined || node === deps.node);
  const listener = own.find(({ tls }) => tls === 'implicit') ?? own[0];
  if (example === undefined || listener === undefined) return failed('no platform may send yet');
  deps.say(`A demonstration mail from ${example.from} to ${example.to}`);
  const startedAt = deps.now();
  const result = await deps.submit(submissionOf(example, listener, deps.ca));
  if (!result.ok) return failed(`${listener.node} did not take the mail: ${result.problem}`);
  if (result.id === undefined) return failed(`no queue id in the reply: ${result.reply}`);
  const { events, received } = await follow(result.id, ready, deps);
  const handedOver = `handed to ${listener.node} at ${listener.host}:${listener.port} by user ${example.platform.user}`;
  const steps = [...stepsOf(events), ...(received === undefined ? [] : [receiptStep(received.receipt)])];
  for (const line of stepLines([{ at: startedAt, text: handedOver }, ...steps], startedAt)) deps.say(line);
  if (received === undefined) return failed(absence(events, deps));
  deps.say(`            ${received.file}`);
  return isVerified(received.receipt.verdicts) ? { ok: true } : failed('it arrived, but not verified');
}

function submissionOf({ from, to, platform }: Example, listener: ReadyListener, ca: string | undefined): Submission {
  const content = { kind: 'text', subject: 'A mail through relayfleet', text: 'It works.' } as const;
  const { user, password } = platform;
  return { ...listener, user, password, ...(ca === undefined ? {} : { ca }), from, to: [to], content };
}

/** Until the mail is settled, or patience ends. A NATS that is away for a moment is waited for. */
async function follow(id: string, ready: ReadyFile, { signal, now }: DemonstrationDeps) {
  const settings = { url: ready.nats.url, ...ready.nats.reader, role: 'reader', name: 'relayfleet local' } as const;
  const nats = await connectNats(settings, { waitOnFirstConnect: true });
  let deadline = now() + patienceMs;
  let events: readonly MailEvent[] = [];
  try {
    while (!signal.aborted && now() < deadline && !isWhole(events)) {
      events = await eventsOf(nats, id).catch(() => events);
      if (isSettled(events)) deadline = Math.min(deadline, now() + lateMs);
      if (!isWhole(events)) await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
    return { events, received: await findReceipt(ready.receiver?.messages ?? '', id) };
  } finally {
    await nats.close();
  }
}

/** That a mail was accepted is noted a moment after the fact: it may be delivered before that is in the event stream. */
function isWhole(events: readonly MailEvent[]): boolean {
  return isSettled(events) && events.some(({ type }) => type === 'accepted');
}

function isSettled(events: readonly MailEvent[]): boolean {
  return events.some(({ type }) => type === 'settled');
}

function absence(events: readonly MailEvent[], { signal }: DemonstrationDeps): string {
  if (isSettled(events)) return 'it was given up, as said above';
  return signal.aborted ? 'stopped before it arrived' : `it did not arrive within ${patienceMs / 1000} s`;
}

function failed(problem: string): DemonstrationResult {
  return { ok: false, problem };
}
