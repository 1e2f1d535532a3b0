// Decides what of all that happens in a running fleet is told: changed conditions, refused manifests, mails on their way,
// complaints of the parts. When much happens at once it is counted, so that a load test does not flood the terminal.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { conditionsOf, type Resource } from '../../resource.ts';
import type { ResourceReader } from '../../state-resources.ts';
import { changedSinceStart, type FleetManifest } from '../fleet-manifest.ts';
import { followLog, type LogTail } from '../supervise/log-tail.ts';
import { conditionChanges } from './condition-changes.ts';
import { lineNews } from './line-news.ts';

/** Called again and again: what is new since the last call. What is so when the desk is made is taken as known. */
export type NewsDesk = { look(): readonly string[] };

const mostLines = 12;
/** A change on its way to the nodes is told once it is there, or when it takes longer than this. */
const movingPatienceMs = 3_000;

export type NewsDeskDeps = {
  readonly reader: ResourceReader;
  /** Part name -> log file. */
  readonly logs: ReadonlyMap<string, string>;
  /** What the parts were started with. */
  readonly fleet: FleetManifest;
  readonly now: () => number;
};

export function createNewsDesk({ reader, logs, fleet, now }: NewsDeskDeps): NewsDesk {
  const tails = new Map([...logs].map(([part, file]) => [part, followLog(file)]));
  let told = reader.resources();
  let refused: ReadonlySet<string> = new Set(reader.refused());
  let movingSince: number | undefined;
  let waiting: readonly string[] = [];
  let generation = inForce(told)?.generation ?? 0;

  /** An edit need not change any condition; that it is in force is news all the same. */
  function configurationNews(resources: readonly Resource[]): readonly string[] {
    const now = inForce(resources);
    if (now === undefined || now.generation <= generation) return [];
    generation = now.generation;
    return [`Configuration ${generation} is in force on every node (${now.nodes})`];
  }

  function conditionNews(resources: readonly Resource[]): readonly string[] {
    movingSince = resources.some(isMoving) ? (movingSince ?? now()) : undefined;
    if (movingSince !== undefined && now() - movingSince < movingPatienceMs) return [];
    const before = told;
    told = resources;
    return conditionChanges(before, resources);
  }

  /** Ports and mounts are given to the parts when they start: an edit of these is in force and does nothing yet. */
  function restartNews(resources: readonly Resource[]): readonly string[] {
    const own = resources.find(({ kind, metadata }) => kind === 'RelayFleet' && refKey(metadata) === refKey(fleet.ref));
    const before = waiting;
    if (own !== undefined) waiting = changedSinceStart(fleet, own);
    const changed = waiting.filter((field) => !before.includes(field));
    const back = before.filter((field) => !waiting.includes(field));
    return [
      ...changed.map((field) => `${field} changed: takes effect at the next start (Ctrl-C, then start again)`),
      ...back.map((field) => `${field} is again what the parts were started with`),
    ];
  }

  function refusalNews(): readonly string[] {
    const before = refused;
    refused = new Set(reader.refused());
    const over = before.size > 0 && refused.size === 0 ? ['Nothing is refused any more.'] : [];
    return [...[...refused].filter((words) => !before.has(words)).map((words) => `Refused: ${words}`), ...over];
  }

  return {
    look: () => {
      const resources = reader.resources();
      return [
        ...refusalNews(),
        ...restartNews(resources),
        ...configurationNews(resources),
        ...conditionNews(resources),
        ...logNews(tails),
      ];
    },
  };
}

/** The generation that every ready node has acknowledged. */
function inForce(resources: readonly Resource[]): { readonly generation: number; readonly nodes: number } | undefined {
  const fleet = resources.find(({ kind }) => kind === 'RelayFleet');
  if (fleet?.kind !== 'RelayFleet') return undefined;
  const { config, readyReplicas: nodes = 0 } = fleet.status ?? {};
  const { generation, acknowledged } = config ?? {};
  return generation !== undefined && nodes > 0 && acknowledged === nodes ? { generation, nodes } : undefined;
}

function isMoving(resource: Resource): boolean {
  return conditionsOf(resource).some(({ reason }) => reason === 'Pending' || reason === 'WaitingForNodes');
}

function logNews(tails: ReadonlyMap<string, LogTail>): readonly string[] {
  const lines = [...tails].flatMap(([part, tail]) => tail.newLines().map((line) => lineNews(part, line)));
  const news = lines.filter((one) => one !== undefined);
  if (news.length <= mostLines) return news.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ words }) => words);
  const counts = [...Map.groupBy(news, ({ msg }) => msg)].map(([msg, { length }]) => `${length} x ${msg}`);
  return [`busy: at least ${counts.join(', ')}; the logs have each`];
}
