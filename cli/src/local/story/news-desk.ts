// Decides what of all that happens in a running fleet is told: changed conditions, refused manifests, mails on their way,
// complaints of the parts. At most a few log lines a look; a load test does not flood the terminal.
import type { Resource } from '../../resource.ts';
import type { ResourceReader } from '../../state-resources.ts';
import { followLog, type LogTail } from '../supervise/log-tail.ts';
import { conditionChanges } from './condition-changes.ts';
import { lineNews } from './line-news.ts';

/** Called again and again: what is new since the last call. What is so when the desk is made is taken as known. */
export type NewsDesk = { look(): readonly string[] };

const mostLines = 5;

/** `logs`: part name -> log file. */
export function createNewsDesk(reader: ResourceReader, logs: ReadonlyMap<string, string>): NewsDesk {
  const tails = new Map([...logs].map(([part, file]) => [part, followLog(file)]));
  let resources: readonly Resource[] = reader.resources();
  let refused: ReadonlySet<string> = new Set();

  function refusalNews(): string[] {
    const before = refused;
    refused = new Set(
      reader.refused().flatMap(({ file, problems }) => problems.map((problem) => `${file} is refused: ${problem}`)),
    );
    const over = before.size > 0 && refused.size === 0 ? ['All manifests are in order again.'] : [];
    return [...refused].filter((line) => !before.has(line)).concat(over);
  }

  function conditionNews(): readonly string[] {
    const before = resources;
    resources = reader.resources();
    return conditionChanges(before, resources);
  }

  return { look: () => [...refusalNews(), ...conditionNews(), ...logNews(tails)] };
}

function logNews(tails: ReadonlyMap<string, LogTail>): readonly string[] {
  const news = [...tails].flatMap(([part, tail]) => tail.newLines().flatMap((line) => lineNews(part, line) ?? []));
  if (news.length <= mostLines) return news;
  return [...news.slice(0, mostLines), `… and more; ${[...tails.keys()].length} logs have it all`];
}
