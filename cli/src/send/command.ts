// `relayfleet send`: a test mail through a fleet, as one of its platforms, step by step. Finds address, user and password by itself, in
// a local fleet's ready file or in the platform's binding Secret.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseRefKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { categoryWords } from '../category-words.ts';
import { done, failed, misused, type Call, type Command, type Outcome, type Terminal } from '../command.ts';
import { parseDuration } from '../durations.ts';
import { stepLines, stepsOf } from '../journey.ts';
import { natsServerFlags } from '../nats-access.ts';
import { document, formatOf, isForPrograms, outputFlag } from '../output.ts';
import { namespaceFlag, sourceFlags } from '../source.ts';
import { follow, obstacle, type Followed } from './follow.ts';
import { submit, type StepReport, type Submission, type SubmissionResult } from './submit.ts';
import { isDelivered, verdictWords } from './verdict.ts';

const usualTimeout = '1m';

/** Where to submit and as whom. */
export type Target = Pick<Submission, 'host' | 'port' | 'tls' | 'user' | 'password' | 'ca'> & {
  /** An address the platform may use. */
  readonly from: string;
};

export type TargetRequest = {
  /** Undefined: the only one, or the first. */
  readonly platform: ObjectRef | undefined;
  readonly node: string | undefined;
  readonly tls: Submission['tls'];
};

/** Text instead of a target is what is missing. */
export type FindTarget = (call: Call, terminal: Terminal, request: TargetRequest) => Promise<Target | string>;

export function sendCommand(findTarget: FindTarget): Command {
  return {
    name: 'send',
    summary: 'Send a test mail through a fleet, as one of its platforms, and tell every step.',
    description:
      'Address, user, password and CA come from the local fleet, or from the binding Secret of the platform in a cluster. A step that fails is told with what to do about it. With --wait the mail is followed until every recipient had an attempt, and the exit code is 0 only if it was delivered to all; where it could not be followed, it is not sent.',
    flags: [
      { name: 'to', value: 'ADDRESS', description: 'Recipients, separated by commas. Needed.' },
      { name: 'from', value: 'ADDRESS', description: 'Sender.', otherwise: 'one the platform may use' },
      { name: 'subject', value: 'TEXT', description: 'Subject.', otherwise: 'Test' },
      { name: 'text', value: 'TEXT', description: 'Text of the mail.', otherwise: 'A test mail.' },
      { name: 'file', short: 'f', value: 'FILE', description: 'Send this message (.eml) byte for byte instead.' },
      {
        name: 'platform',
        value: 'NAMESPACE/NAME',
        description: 'SenderPlatform to send as.',
        otherwise: 'the first one',
      },
      { name: 'node', value: 'NAME', description: 'Relay node of a local fleet to send through.', otherwise: 'node-1' },
      { name: 'starttls', description: 'Use the STARTTLS port instead of TLS from the first byte.' },
      {
        name: 'host',
        value: 'HOST',
        description: "Connect there instead, for instance to a port-forward; the certificate is still the fleet's.",
      },
      {
        name: 'port',
        value: 'PORT',
        whole: { least: 1, most: 65_535 },
        description: 'Connect to that port instead.',
      },
      { name: 'wait', description: 'Follow the mail until it is delivered, bounced or deferred.' },
      { name: 'timeout', value: 'TIME', description: 'Follow it no longer than that.', otherwise: usualTimeout },
      outputFlag,
      namespaceFlag,
      ...sourceFlags,
      ...natsServerFlags,
    ],
    examples: [
      { does: 'Through the local fleet', line: 'relayfleet send --to you@receiver.test' },
      { does: 'And see it arrive', line: 'relayfleet send --to you@receiver.test --wait' },
      {
        does: 'A message from a file, through the second node',
        line: 'relayfleet send --to you@receiver.test -f mail.eml --node node-2',
      },
      {
        does: 'Through a fleet in a cluster',
        line: 'relayfleet send --to you@example.net --platform shop/orders --context prod',
      },
    ],
    run: (call, terminal) => send(call, terminal, findTarget),
  };
}

async function send(call: Call, terminal: Terminal, findTarget: FindTarget): Promise<Outcome> {
  const to = (call.text('to') ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const timeout = call.text('timeout') ?? usualTimeout;
  const patienceMs = parseDuration(timeout);
  if (to.length === 0) return misused('send needs a recipient: --to you@example.com');
  if (call.args.length > 0) return misused(`send takes no arguments, got "${call.args.join(' ')}"`);
  if (patienceMs === undefined) return misused(`--timeout takes a time such as 30s or 5m, not "${timeout}"`);
  const request = readRequest(call);
  if (typeof request === 'string') return misused(request);
  const target = await findTarget(call, terminal, request);
  if (typeof target === 'string') return failed(target);
  const at = { host: call.text('host') ?? target.host, port: call.whole('port') ?? target.port };
  const from = call.text('from') ?? target.from;
  const format = formatOf(call);
  const forPrograms = isForPrograms(format);
  const content = contentOf(call, terminal);
  const against = call.isSet('wait') ? await obstacle({ call, terminal }) : undefined;
  if (against !== undefined)
    return failed(
      `nothing was sent, as it could not be followed: ${against}. Leave --wait out to send it all the same`,
    );
  const result = await submit({ ...target, ...at, certificateName: target.host, from, to, content }, (step) => {
    if (!forPrograms) terminal.out(stepText(step, format === 'wide'));
  });
  const id = result.ok && call.isSet('wait') ? result.id : undefined;
  const followed = id === undefined ? undefined : await follow({ call, terminal }, id, patienceMs);
  if (forPrograms) terminal.out(document({ ...at, from, ...result, ...followed }, format));
  else terminal.out(endText(result, followed, Date.now()));
  return judge(result, followed, { timeout, place: `${at.host}:${at.port}`, wait: call.isSet('wait') });
}

/** Only a mail that went where it was to go is a success. */
function judge(
  result: SubmissionResult,
  followed: Followed | undefined,
  { timeout, place, wait }: { readonly timeout: string; readonly place: string; readonly wait: boolean },
): Outcome {
  if (!result.ok) return failed(`${place} did not take the mail: ${result.problem}`);
  if (result.refused.length > 0) return failed(`not taken for ${result.refused.join(', ')}`);
  if (!wait) return done;
  if (followed === undefined)
    return failed(`${place} took the mail, but it cannot be followed: its reply names no id, "${result.reply}"`);
  const { verdict, events, lost } = followed;
  const asked = `"relayfleet trace ${result.id}" says what became of it`;
  if (lost !== undefined) return failed(`the mail is queued, but could not be followed to its end: ${lost}. ${asked}`);
  if (events.length === 0)
    return failed(
      `the mail is queued, but nothing about it is on record within ${timeout}: is this the NATS of that fleet? ${asked}`,
    );
  if (verdict === undefined)
    return failed(`not tried within ${timeout}; it stays queued. "relayfleet trace ${result.id}" says what keeps it`);
  return isDelivered(verdict) ? done : failed(`not delivered to everybody: ${verdictWords(verdict)}`);
}

function stepText({ step, ok, said, about, ms, advice }: StepReport, wide: boolean): string {
  const head = `${step.padEnd(10)}${(ok ? 'ok' : 'failed').padEnd(8)}`;
  const time = wide ? `${String(ms).padStart(6)} ms  ` : '';
  const todo = advice === undefined ? '' : `${''.padEnd(head.length + time.length)}To do: ${advice}\n`;
  return `${head}${time}${about === undefined ? '' : `${about}: `}${said}\n${todo}`;
}

function endText(result: SubmissionResult, followed: Followed | undefined, now: number): string {
  if (!result.ok || result.id === undefined) return '';
  const { verdict, events = [] } = followed ?? {};
  const started = events.find(({ type }) => type === 'accepted')?.at ?? now;
  const failures = new Set(
    (verdict?.recipients ?? []).filter(({ outcome }) => outcome !== 'delivered').map(({ category }) => category),
  );
  const todo = [...failures].map((category) => {
    const { means, remedy } = categoryWords[category];
    return `            ${category}: ${means}${remedy === undefined ? '' : `. To do: ${remedy}`}\n`;
  });
  const journey = stepLines(stepsOf(events), started).map((line) => `${line}\n`);
  return [...journey, ...todo, `relayfleet trace ${result.id}\n`].join('');
}

function readRequest(call: Call): TargetRequest | string {
  const text = call.text('platform');
  const namespace = call.text('namespace');
  const platform =
    text === undefined
      ? undefined
      : parseRefKey(text.includes('/') || namespace === undefined ? text : `${namespace}/${text}`);
  if (text !== undefined && platform === undefined) return `--platform takes NAMESPACE/NAME, not "${text}"`;
  return { platform, node: call.text('node'), tls: call.isSet('starttls') ? 'starttls' : 'implicit' };
}

function contentOf(call: Call, { cwd }: Terminal): Submission['content'] {
  const file = call.text('file');
  if (file !== undefined) return { kind: 'raw', message: readFileSync(resolve(cwd, file)) };
  return { kind: 'text', subject: call.text('subject') ?? 'Test', text: call.text('text') ?? 'A test mail.' };
}
