// `relayfleet` as a process of its own, told which fleet by its state directory, as a person in another terminal would.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Fleet } from './fleet.ts';

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

const home = join(import.meta.dirname, '../..');

/** Runs to its end. Nobody sits at it: input and output are no terminal. */
export function relayfleet({ directory }: Pick<Fleet, 'directory'>, ...args: readonly string[]): Promise<Ended> {
  const argv = [join(home, 'cli/src/main.ts'), ...args, '--state-dir', join(directory, 'state')];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: home }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** What it printed; rejects when it failed. */
export async function relayfleetSays(fleet: Pick<Fleet, 'directory'>, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await relayfleet(fleet, ...args);
  if (code !== 0) throw new Error(`relayfleet ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}
