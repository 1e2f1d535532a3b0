// A relay node's CPU profile, summed by stage: which folder of ours, or which library of its own accord, spent the time.
// A sample counts for the nearest of our frames on its stack; waiting counts for nobody. Reads what `--cpu-prof` wrote.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Frame = { readonly functionName: string; readonly url: string };
type ProfileNode = { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] };
type Profile = {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

/** Prints the stages of the relay node's profile in `folder`, largest first, as shares of the time it was not idle. */
export function printProfile(folder: string): void {
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    if (!text.includes('relay-node/src/main.ts')) continue;
    const stages = timeByStage(JSON.parse(text) as Profile);
    const total = [...stages.values()].reduce((sum, time) => sum + time, 0);
    console.log('\nWhere the relay node’s time goes (one processor: a write also holds what the server it wakes does)');
    for (const [stage, time] of [...stages].toSorted((a, b) => b[1] - a[1]).slice(0, 24))
      console.log(`${((100 * time) / total).toFixed(1).padStart(6)} %  ${stage}`);
  }
}

function timeByStage({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const stageOf = (id: number): string | undefined => {
    const own = byId.get(id)?.callFrame;
    if (own === undefined || own.functionName === '(idle)') return undefined;
    let library: string | undefined;
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { url = '' } = byId.get(at)?.callFrame ?? {};
      const [, stage] =
        /\/((?:relay-node|jetstream|telemetry|contract)\/src\/(?:[\w-]+(?=\/)|[\w.-]+))/.exec(url) ?? [];
      if (stage !== undefined) return stage;
      library ??= /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    }
    return library ?? (own.functionName.startsWith('(') ? own.functionName : 'node itself');
  };
  const stages = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const stage = stageOf(id);
    if (stage !== undefined) stages.set(stage, (stages.get(stage) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return stages;
}
