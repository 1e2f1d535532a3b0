// Runs one `go build` of pinned modules and tells how far it is. What was compiled before an interruption is in Go's
// own build cache, so that the next run goes on from there. Does not know where the programs end up.

import { spawn } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Tool } from './catalogue.ts';
import type { Pins } from './pins.ts';
import { buildCommand } from './recipe.ts';

export type BuildJob = {
  readonly tools: readonly Tool[];
  readonly pins: Pins;
  /** The folder with go.mod. */
  readonly source: string;
  /** An existing folder that receives one program per tool. */
  readonly output: string;
  readonly usually: string;
};

export type Surroundings = {
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
};

export type BuildResult = { readonly kind: 'built' } | { readonly kind: 'failed'; readonly problem: string };

type Counts = { compiled: number; downloaded: number; readonly lastWords: string[] };

const reportEveryMs = 10_000;

/** Resolves when Go has ended; rejects only when `signal` stopped it. */
export async function build(job: BuildJob, { progress, signal }: Surroundings): Promise<BuildResult> {
  const names = job.tools.map((tool) => tool.name).join(', ');
  const counts: Counts = { compiled: 0, downloaded: 0, lastWords: [] };
  const started = performance.now();
  const elapsed = (): number => Math.round((performance.now() - started) / 1000);
  progress(`building ${names} from pinned Go modules, once; this usually takes ${job.usually}`);
  const ticker = setInterval(() => progress(`building ${names}: ${elapsed()} s, ${describe(counts)}`), reportEveryMs);
  try {
    const problem = await runGo(job, counts, signal);
    signal?.throwIfAborted();
    if (problem !== undefined) return { kind: 'failed', problem };
    progress(`built ${names} in ${elapsed()} s`);
    return { kind: 'built' };
  } finally {
    clearInterval(ticker);
  }
}

/** What went wrong, with Go's last lines; undefined when nothing did. */
function runGo(job: BuildJob, counts: Counts, signal: AbortSignal | undefined): Promise<string | undefined> {
  const machine = { cores: availableParallelism(), memoryBytes: totalmem() };
  const { args, env } = buildCommand(job.tools, job.pins, job.output, machine);
  return new Promise((resolve) => {
    const go = spawn('go', args, {
      cwd: job.source,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    follow(go.stderr, counts);
    go.once('error', (error) => resolve(`go build: ${error.message}`));
    go.once('close', (code, killedBy) => {
      if (code === 0) resolve(undefined);
      else resolve([`go build ended with ${code ?? killedBy}:`, ...counts.lastWords].join('\n    '));
    });
  });
}

/** `go build -v` prints each package as it is compiled, each module as it is fetched, and its complaints, on stderr. */
function follow(stderr: Readable, counts: Counts): void {
  createInterface({ input: stderr }).on('line', (line) => {
    if (line.startsWith('go: downloading ')) counts.downloaded += 1;
    else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) counts.compiled += 1;
    else counts.lastWords.push(line);
    if (counts.lastWords.length > 15) counts.lastWords.shift();
  });
}

function describe({ compiled, downloaded }: Counts): string {
  const fetched = downloaded === 0 ? '' : `${downloaded} modules fetched, `;
  return `${fetched}${compiled} packages compiled`;
}
