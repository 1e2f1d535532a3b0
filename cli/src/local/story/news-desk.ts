// Decides what of all that happens in a running fleet is told: changed conditions, refused manifests, mails on their way,
// complaints of the parts. When much happens at once it is counted, so that a load test does not flood the terminal.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { conditionsOf, label, type Resource } from '../../resource.ts';
import type { RefusedManifest, ResourceReader } from '../../state-resources.ts';
import { followLog, type LogTail } from '../supervise/log-tail.ts';
import { conditionChanges } from './condition-changes.ts';
import { lineNews } from './line-news.ts';

/** Called again and again: what is new since the last call. What is so when the desk is made is taken as known. */
export type NewsDesk = { look(): readonly string[] };

const mostLines = 12;
/** A change on its way to the nodes is told once it is there, or when it takes longer than this. */
const movingPatienceMs = 3_000;

/** `logs`: part name -> log file. */
export function createNewsDesk(reader: ResourceReader, logs: ReadonlyMap<string, string>, now: () => number): NewsDesk {
  const tails = new Map([...logs].map(([part, file]) => [part, followLog(file)]));
  let told = reader.resources();
  let refused: ReadonlySet<string> = new Set();
  let movingSince: number | undefined;

  function conditionNews(resources: readonly Resource[]): readonly string[] {
    movingSince = resources.some(isMoving) ? (movingSince ?? now()) : undefined;
    if (movingSince !== undefined && now() - movingSince < movingPatienceMs) return [];
    const before = told;
    told = resources;
    return conditionChanges(before, resources);
  }

  function refusalNews(resources: readonly Resource[]): readonly string[] {
    const before = refused;
    refused = new Set(refusalWords(reader.refused(), resources));
    const over = before.size > 0 && refused.size === 0 ? ['All manifests are in order again.'] : [];
    return [...[...refused].filter((words) => !before.has(words)), ...over];
  }

  return {
    look: () => {
      const resources = reader.resources();
      return [...refusalNews(resources), ...conditionNews(resources), ...logNews(tails)];
    },
  };
}

function isMoving(resource: Resource): boolean {
  return conditionsOf(resource).some(({ reason }) => reason === 'Pending' || reason === 'WaitingForNodes');
}

/** Where a refused manifest is about an object in force, that object's conditions say it better. */
function refusalWords(refused: readonly RefusedManifest[], resources: readonly Resource[]): string[] {
  const inForce = new Set(resources.map(label));
  return refused
    .filter(({ about }) => about === undefined || !inForce.has(`${about.kind} ${refKey(about.ref)}`))
    .flatMap(({ file, problems }) => problems.map((problem) => `${file} is refused: ${problem}`));
}

function logNews(tails: ReadonlyMap<string, LogTail>): readonly string[] {
  const lines = [...tails].flatMap(([part, tail]) => tail.newLines().map((line) => lineNews(part, line)));
  const news = lines.filter((one) => one !== undefined);
  if (news.length <= mostLines) return news.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ words }) => words);
  const counts = [...Map.groupBy(news, ({ msg }) => msg)].map(([msg, { length }]) => `${length} x ${msg}`);
  return [`busy: at least ${counts.join(', ')}; the logs have each`];
}
