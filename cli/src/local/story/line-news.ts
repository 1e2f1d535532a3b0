// A line of a part's log -> what it tells a person who watches, or nothing: mails on their way, refusals, complaints. Pure.
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { outcomeWords } from '../../journey.ts';
import type { Verdicts } from '../receiver/verify.ts';
import { verdictWords } from './verdict-words.ts';

type Line = Readonly<Record<string, unknown>> & { readonly at: string; readonly level: string; readonly msg: string };

/** `at` and `msg` as the line has them; the time is RFC 3339. */
export type LineNews = { readonly at: string; readonly msg: string; readonly words: string };

export function lineNews(part: string, text: string): LineNews | undefined {
  const line = readLine(text);
  if (line === undefined) return undefined;
  const words = (mailNews[line.msg] ?? otherNews)(line, part);
  return words === undefined ? undefined : { at: line.at, msg: line.msg, words };
}

/** By the message of the line; nodes write the first four (relay-node/src/events.ts), the receiving server the last. */
const mailNews: Readonly<Record<string, (line: Line, part: string) => string | undefined>> = {
  accepted: ({ id, platform, kind }, part) =>
    kind === 'dsn' ? `${id}  a bounce, made by ${part}` : `${id}  accepted by ${part} from ${platform}`,
  attempted: ({ id, results, nextDue, at }, part) => `${id}  ${attempt(results, nextDue, at)} by ${part}`,
  refused: ({ code, status, reason, platform }, part) =>
    reason === 'badSequence' // what a client had sent ahead when something else was refused
      ? undefined
      : `${part} refused ${platform === undefined ? 'a client' : platform}: ${code} ${status} ${reason}`,
  settled: () => undefined,
  'mail received': ({ id, verdicts, file }) =>
    `${id ?? 'a mail'}  received: ${verdictWords(verdicts as Verdicts)}  ${file}`,
};

/** The news desk tells of these by itself. */
const toldElsewhere = ['manifest refused'];

function otherNews(line: Line, part: string): string | undefined {
  const isComplaint = line.level === 'warn' || line.level === 'error';
  return isComplaint && !toldElsewhere.includes(line.msg) ? complaint(part, line) : undefined;
}

function attempt(results: unknown, nextDue: unknown, at: string): string {
  const words = outcomeWords(results as AttemptedEvent['results']);
  if (typeof nextDue !== 'number') return words;
  return `${words}, next try in ${Math.max(0, Math.round((nextDue - Date.parse(at)) / 1000))} s,`;
}

function complaint(part: string, { msg, problem, problems, reason, detail, fleet }: Line): string {
  const words = [fleet, reason, detail, problem, ...(Array.isArray(problems) ? problems : [])];
  return `${part}: ${[msg, ...words].filter((word) => word !== undefined && word !== null).join('; ')}`;
}

function readLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isLine = typeof value === 'object' && value !== null && 'msg' in value && 'at' in value && 'level' in value;
    return isLine ? (value as Line) : undefined;
  } catch {
    return undefined; // not a JSON line: the log file has it
  }
}
