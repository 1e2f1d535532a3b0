// The demonstration mail: submitted like any other, then followed through the event stream to the receiving server.
// It has succeeded when it is there with every signature, SPF and DMARC passing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { stepLines, stepsOf } from '../journey.ts';
import type { Submission, SubmissionResult } from '../send/submit.ts';
import type { ReadyFile } from './ready-file.ts';
import { findReceipt, type Receipt } from './receiver/mailbox.ts';
import { isVerified } from './receiver/verify.ts';
import { exampleOf } from './story/copy-block.ts';
import { receiptStep } from './story/verdict-words.ts';

export type DemonstrationResult = { readonly ok: true } | { readonly ok: false; readonly problem: string };

export type DemonstrationDeps = {
  /** Which node gets the mail, if there is a choice. */
  readonly node: string | undefined;
  readonly submit: (submission: Submission) => Promise<SubmissionResult>;
  /** PEM. */
  readonly ca: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

/** Longer than the first retry, so that one hiccup does not fail it. */
const patienceMs = 100_000;
const lookEveryMs = 40;

export async function demonstrate(ready: ReadyFile, deps: DemonstrationDeps): Promise<DemonstrationResult> {
  const example = exampleOf(ready);
  const messages = ready.receiver?.messages;
  if (example === undefined || messages === undefined) return { ok: false, problem: 'no platform may send yet' };
  const { from, to, platform } = example;
  const own = ready.listeners.filter(({ node }) => deps.node === undefined || node === deps.node);
  const listener = own.find(({ tls }) => tls === 'implicit') ?? own[0];
  if (listener === undefined) return { ok: false, problem: 'the fleet has no listener' };
  deps.say(`A demonstration mail from ${from} to ${to}`);
  const startedAt = deps.now();
  const result = await deps.submit({
    ...listener,
    user: platform.user,
    password: platform.password,
    ca: deps.ca,
    from,
    to: [to],
    content: { kind: 'text', subject: 'A mail through relayfleet', text: 'It works.' },
  });
  if (!result.ok) return { ok: false, problem: `${listener.node} did not take the mail: ${result.problem}` };
  const { id } = result;
  if (id === undefined) return { ok: false, problem: `no queue id in the reply: ${result.reply}` };
  const { events, receipt } = await follow(id, ready, messages, deps);
  const handedOver = `handed to ${listener.node} at ${listener.host}:${listener.port} by user ${platform.user}`;
  const steps = [...stepsOf(events), ...(receipt === undefined ? [] : [receiptStep(receipt.receipt)])];
  for (const line of stepLines([{ at: startedAt, text: handedOver }, ...steps], startedAt)) deps.say(line);
  return judge(receipt, deps);
}

function judge(receipt: { receipt: Receipt; file: string } | undefined, deps: DemonstrationDeps): DemonstrationResult {
  if (receipt === undefined) {
    const problem = deps.signal.aborted
      ? 'stopped before it arrived'
      : `it did not arrive within ${patienceMs / 1000} s`;
    return { ok: false, problem };
  }
  deps.say(`            ${receipt.file}`);
  return isVerified(receipt.receipt.verdicts) ? { ok: true } : { ok: false, problem: 'it arrived, but not verified' };
}

/** Waits until the mail is settled and received, or patience ends. */
async function follow(id: string, ready: ReadyFile, messages: string, { signal, now }: DemonstrationDeps) {
  const nats = await connectNats({
    url: ready.nats.url,
    ...ready.nats.reader,
    role: 'reader',
    name: 'relayfleet local',
  });
  const deadline = now() + patienceMs;
  let events: readonly MailEvent[] = [];
  try {
    while (!signal.aborted) {
      events = await eventsOf(nats, id);
      const receipt = await findReceipt(messages, id);
      const settled = events.some(({ type }) => type === 'settled');
      if (settled || now() > deadline) return { events, receipt };
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
    return { events, receipt: undefined };
  } finally {
    await nats.close();
  }
}
