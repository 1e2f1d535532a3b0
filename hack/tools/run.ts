// Runs a program for a short answer and survives whatever it does: not there, not executable, hangs, prints megabytes,
// exits badly, waits for input. The problem comes back as a short text.

import { execFile } from 'node:child_process';
import type { ExecFileException } from 'node:child_process';

export type Answer =
  { readonly kind: 'answered'; readonly output: string } | { readonly kind: 'failed'; readonly problem: string };

export type RunSettings = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default 10 s: a program of 100 MB on a cold, busy disk takes seconds to say its version. */
  readonly timeoutMs?: number;
};

/** Standard output of `path args`, at most 64 KiB of it. */
export function runBriefly(path: string, args: readonly string[], settings: RunSettings = {}): Promise<Answer> {
  const { timeoutMs = 10_000, ...rest } = settings;
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 65_536, encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    const child = execFile(path, args, { ...rest, ...limits }, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'answered', output: stdout });
      else resolve({ kind: 'failed', problem: describeFailure(error, stderr, timeoutMs) });
    });
    child.stdin?.end();
  });
}

function describeFailure(error: ExecFileException, stderr: string, timeoutMs: number): string {
  if (error.code === 'ENOENT') return 'not found';
  if (error.code === 'EACCES') return 'not executable';
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed far too much';
  if (error.killed === true) return `gave no answer within ${timeoutMs / 1000} s`;
  const lastWords = firstLine(stderr);
  const ending =
    typeof error.code === 'number' ? `exited with ${error.code}` : `ended by ${error.signal ?? error.code}`;
  return lastWords === '' ? ending : `${ending}: ${lastWords}`;
}

/** Without control characters, so that a garbled program cannot garble the terminal. */
function firstLine(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
}
