// What to try while a local fleet runs. Pure text.
import { join, relative } from 'node:path';

export type Surroundings = {
  readonly home: string;
  readonly cwd: string;
  readonly state: string;
  readonly usualState: string;
};

/** Commands for another terminal in the same directory. */
export function meanwhile({ home, cwd, state, usualState }: Surroundings): string {
  const here = (path: string): string => (relative(cwd, path).startsWith('..') ? path : relative(cwd, path));
  const program = `${here(join(home, 'hack/node'))} ${here(join(home, 'cli/src/main.ts'))}`;
  const where = state === join(cwd, usualState) ? '' : ` --state-dir ${here(state)}`;
  const tries: readonly (readonly [string, string])[] = [
    ['status', 'fleets, domains, platforms'],
    ['send --to you@receiver.test', 'another mail; its way is told here'],
    ['send --to 550@receiver.test', 'the receiving server refuses it: watch the bounce'],
    ['send --to 451@receiver.test', 'it says "later": watch the retry, and see it in "queue ls"'],
  ];
  const lines = tries.map(([words, does]) => [`  ${program} ${words}${where}`, does] as const);
  const width = Math.max(...lines.map(([line]) => line.length));
  return ['In another terminal:', ...lines.map(([line, does]) => `${line.padEnd(width)}   # ${does}`), ''].join('\n');
}
