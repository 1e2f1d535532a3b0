// Hands one mail to a fleet as any application would: TLS, user and password, one message. Tells every step as it goes, each failure
// with what to do about it. What a password or a mail is worth is kept: neither leaves before the certificate was found good.
import { hostname } from 'node:os';
import { adviceOn, type Failure } from './advice.ts';
import { compose, forTheWire, type Content } from './compose.ts';
import { openDialogue, type Dialogue, type Reply } from './dialogue.ts';

export type Submission = {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  /** Whom the certificate must name; absent: the host. */
  readonly certificateName?: string;
  readonly user: string;
  readonly password: string;
  /** PEM bundle for the server's certificate; without it the system's roots. */
  readonly ca?: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Content;
};

export const stepNames = ['resolve', 'connect', 'tls', 'greeting', 'auth', 'mail', 'rcpt', 'data'] as const;
export type StepName = (typeof stepNames)[number];

export type StepReport = {
  readonly step: StepName;
  readonly ok: boolean;
  /** What was found, or the server's reply. */
  readonly said: string;
  /** The recipient, of an RCPT. */
  readonly about?: string;
  readonly ms: number;
  /** Of a failure. */
  readonly advice?: string;
};

export type SubmissionResult = (
  | { readonly ok: true; readonly reply: string; readonly id: string | undefined; readonly ms: number }
  | { readonly ok: false; readonly problem: string }
) & {
  readonly steps: readonly StepReport[];
  /** Recipients the server did not take. */ readonly refused: readonly string[];
};

/** `onStep` hears each step as it ends. Never rejects for what the server or the network does. */
export async function submit(
  submission: Submission,
  onStep: (step: StepReport) => void = () => undefined,
): Promise<SubmissionResult> {
  const message = await compose(submission.content, submission.from, submission.to);
  const notes = openNotes(onStep);
  const { steps } = notes;
  const reply = await converse(submission, message, notes);
  const refused = steps.flatMap(({ step, ok, about }) =>
    step === 'rcpt' && !ok && about !== undefined ? [about] : [],
  );
  if (reply === undefined) {
    const failed = steps.findLast(({ ok }) => !ok);
    return { ok: false, problem: `${failed?.step}: ${failed?.said}`, steps, refused };
  }
  const id = /queued as ([0-9A-Z]+)/.exec(reply)?.[1];
  return { ok: true, reply, id, ms: steps.reduce((sum, { ms }) => sum + ms, 0), steps, refused };
}

/** Everything below gives undefined once a step failed, which is noted then. */
type Notes = {
  readonly steps: readonly StepReport[];
  took(step: StepName, said: string, about?: string): void;
  failed(failure: Failure, said: string, about?: string): undefined;
  /** The answer of a step; noted as failed where there is none. */
  attempt<T>(step: StepName, act: () => Promise<T>): Promise<T | undefined>;
};

function openNotes(onStep: (step: StepReport) => void): Notes {
  let since = performance.now();
  const steps: StepReport[] = [];
  const note = (step: Omit<StepReport, 'ms'>): void => {
    const now = performance.now();
    const noted = { ...step, ms: Math.round(now - since) };
    since = now;
    steps.push(noted);
    onStep(noted);
  };
  const failed: Notes['failed'] = (failure, said, about) => {
    note({
      step: failure.step,
      ok: false,
      said,
      advice: adviceOn(failure),
      ...(about === undefined ? {} : { about }),
    });
    return undefined;
  };
  return {
    steps,
    took: (step, said, about) => note({ step, ok: true, said, ...(about === undefined ? {} : { about }) }),
    failed,
    attempt: (step, act) =>
      act().catch(({ code, message }: NodeJS.ErrnoException) => failed({ step, errno: code }, message)),
  };
}

/** The reply to the final dot. */
async function converse(submission: Submission, message: Buffer, notes: Notes): Promise<string | undefined> {
  const dialogue = await reach(submission, notes);
  if (dialogue === undefined) return undefined;
  try {
    const offers = await letIn(dialogue, submission, notes);
    const reply = offers && (await hand(dialogue, submission, { message, offers, notes }));
    if (reply !== undefined) await dialogue.ask('QUIT').catch(() => undefined); // it has the mail, whatever it says to that
    return reply;
  } finally {
    dialogue.close();
  }
}

async function reach({ host, port }: Submission, notes: Notes): Promise<Dialogue | undefined> {
  const addresses: string[] = [];
  const resolved = () => {
    if (addresses.length > 0) notes.took('resolve', `${host} is ${addresses.join(', ')}`);
  };
  try {
    const { dialogue, address } = await openDialogue({ host, port }, (found) => addresses.push(found));
    resolved();
    notes.took('connect', `${address}:${port}`);
    return dialogue;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const step = /^(ENOTFOUND|EAI_)/.test(code ?? '') ? 'resolve' : 'connect';
    resolved();
    return notes.failed({ step, errno: code }, message || `${code ?? 'no connection'} at ${addresses.join(', ')}`); // of several errors no words are left
  }
}

/** Greeting, TLS, EHLO, AUTH; what the server offers after that. */
async function letIn(dialogue: Dialogue, submission: Submission, notes: Notes): Promise<readonly string[] | undefined> {
  const { tls, user, password } = submission;
  if (tls === 'implicit' && !(await secure(dialogue, submission, notes))) return undefined;
  const greeting = await ask(dialogue, notes, { step: 'greeting', wants: 220 });
  if (greeting === undefined) return undefined;
  notes.took('greeting', greeting.text);
  if (tls === 'starttls') {
    const start = { step: 'tls', line: 'STARTTLS', wants: 220 } as const;
    const ready = (await ehlo(dialogue, notes)) && (await ask(dialogue, notes, start));
    if (ready === undefined || !(await secure(dialogue, submission, notes))) return undefined;
  }
  const offers = await ehlo(dialogue, notes);
  if (offers === undefined) return undefined;
  const plain = Buffer.from(`\0${user}\0${password}`).toString('base64'); // RFC 4616
  const auth = await ask(dialogue, notes, { step: 'auth', line: `AUTH PLAIN ${plain}`, wants: 235 });
  if (auth === undefined) return undefined;
  notes.took('auth', `${auth.text} (user ${user})`);
  return offers;
}

/** Whether the server is who it should be. */
async function secure(dialogue: Dialogue, { certificateName, host, ca }: Submission, notes: Notes): Promise<boolean> {
  const facts = await notes.attempt('tls', () => dialogue.secure(certificateName ?? host, ca));
  if (facts === undefined) return false;
  const { version, cipher, subject, issuer, until, distrust } = facts;
  const said = `${version} ${cipher}, certificate for ${subject} from ${issuer}, until ${until}`;
  if (distrust === undefined) notes.took('tls', said);
  else notes.failed({ step: 'tls', errno: distrust }, `${said}: ${distrust}`);
  return distrust === undefined;
}

/** What is offered, in upper case, one line each. */
async function ehlo(dialogue: Dialogue, notes: Notes): Promise<readonly string[] | undefined> {
  const reply = await ask(dialogue, notes, { step: 'greeting', line: `EHLO ${clientName()}`, wants: 250 });
  return reply?.lines.slice(1).map((line) => line.toUpperCase());
}

type Handing = { readonly message: Buffer; readonly offers: readonly string[]; readonly notes: Notes };

/** MAIL, RCPT each, DATA; the reply to the final dot. One recipient that is taken is enough to go on. */
async function hand(
  dialogue: Dialogue,
  { from, to }: Submission,
  { message, offers, notes }: Handing,
): Promise<string | undefined> {
  const parameters = parametersOf({ message, addresses: [from, ...to], offers });
  const mail = await ask(dialogue, notes, { step: 'mail', line: `MAIL FROM:<${from}>${parameters}`, wants: 250 });
  if (mail === undefined) return undefined;
  notes.took('mail', mail.text);
  let taken = 0;
  for (const address of to) {
    const reply = await notes.attempt('rcpt', () => dialogue.ask(`RCPT TO:<${address}>`));
    if (reply === undefined) return undefined;
    if (reply.code < 300) taken += 1;
    if (reply.code < 300) notes.took('rcpt', reply.text, address);
    else notes.failed(failureOf('rcpt', reply), reply.text, address);
  }
  if (taken === 0 || (await ask(dialogue, notes, { step: 'data', line: 'DATA', wants: 354 })) === undefined)
    return undefined;
  const sendAll = () => dialogue.write(forTheWire(message)).then(() => dialogue.ask());
  const reply = await notes.attempt('data', sendAll);
  if (reply === undefined) return undefined;
  if (reply.code !== 250) return notes.failed(failureOf('data', reply), reply.text);
  notes.took('data', reply.text);
  return reply.text;
}

/** RFC 6152, RFC 6531, RFC 1870: said where they matter and are offered. */
function parametersOf({
  message,
  addresses,
  offers,
}: {
  readonly message: Buffer;
  readonly addresses: readonly string[];
  readonly offers: readonly string[];
}): string {
  const offered = (word: string) => offers.some((line) => line.split(' ')[0] === word);
  const beyondAscii = (text: string) => /[\u0080-\uffff]/.test(text);
  return [
    ...(offered('SIZE') ? [` SIZE=${message.length}`] : []),
    ...(offered('8BITMIME') && message.some((byte) => byte > 0x7f) ? [' BODY=8BITMIME'] : []),
    ...(offered('SMTPUTF8') && addresses.some(beyondAscii) ? [' SMTPUTF8'] : []),
  ].join('');
}

type Asking = { readonly step: StepName; readonly line?: string; readonly wants: number };

async function ask(dialogue: Dialogue, notes: Notes, { step, line, wants }: Asking): Promise<Reply | undefined> {
  const reply = await notes.attempt(step, () => dialogue.ask(line));
  return reply === undefined || reply.code === wants ? reply : notes.failed(failureOf(step, reply), reply.text);
}

function failureOf(step: StepName, { code, lines }: Reply): Failure {
  return { step, code, status: /^([245]\.\d{1,3}\.\d{1,3})\b/.exec(lines[0] ?? '')?.[1] };
}

/** RFC 5321 §4.1.1.1: a name, or an address literal where the machine's name is none. */
function clientName(): string {
  const name = hostname();
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name) ? name : '[127.0.0.1]';
}
