// A line of a part's log -> what it tells a person who watches, or nothing: mails on their way, refusals, complaints. Pure.
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { outcomeWords } from '../../journey.ts';
import type { Verdicts } from '../receiver/verify.ts';
import { verdictWords } from './verdict-words.ts';

type Line = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

export function lineNews(part: string, text: string): string | undefined {
  const line = readLine(text);
  if (line === undefined) return undefined;
  const mail = mailNews[line.message];
  if (mail !== undefined) return mail(line, part);
  const isComplaint = line.level === 'warn' || line.level === 'error';
  return isComplaint && !toldElsewhere.includes(line.message) ? complaint(part, line) : undefined;
}

/** By the message of the line; nodes write the first four (relay-node/src/events.ts), the receiving server the last. */
const mailNews: Readonly<Record<string, (line: Line, part: string) => string | undefined>> = {
  accepted: ({ id, platform, kind }, part) =>
    kind === 'dsn' ? `${id}  a bounce, made by ${part}` : `${id}  accepted by ${part} from ${platform}`,
  attempted: ({ id, results, nextDue, time }, part) => `${id}  ${attempt(results, nextDue, time)} by ${part}`,
  refused: ({ code, status, reason, platform }, part) =>
    `${part} refused a client${platform === undefined ? '' : ` (${platform})`}: ${code} ${status} ${reason}`,
  settled: () => undefined,
  'mail received': ({ id, verdicts, file }) =>
    `${id ?? 'a mail'}  received: ${verdictWords(verdicts as Verdicts)}  ${file}`,
};

/** The news desk tells of these by itself. */
const toldElsewhere = ['manifest refused'];

function attempt(results: unknown, nextDue: unknown, time: unknown): string {
  const words = outcomeWords(results as AttemptedEvent['results']);
  if (typeof nextDue !== 'number' || typeof time !== 'string') return words;
  return `${words}, next try in ${Math.max(0, Math.round((nextDue - Date.parse(time)) / 1000))} s,`;
}

function complaint(part: string, { message, problem, problems, reason, detail, fleet }: Line): string {
  const words = [fleet, reason, detail, problem, ...(Array.isArray(problems) ? problems : [])];
  return `${part}: ${[message, ...words].filter((word) => word !== undefined && word !== null).join('; ')}`;
}

function readLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isLine =
      typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
    return isLine ? (value as Line) : undefined;
  } catch {
    return undefined; // not a JSON line: the log file has it
  }
}
