// Ends the parts if the supervisor itself dies without a chance to (kill -9, out of memory): a tiny process that holds
// nothing but their ids and ends with its standard input. Works the same for every part, whatever it is written in.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export type Guard = {
  readonly pid: number | undefined;
  watch(pid: number): void;
  forget(pid: number): void;
};

export function startGuard(): Guard {
  const program = join(import.meta.dirname, 'guard-main.ts');
  const child = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.on('error', () => undefined); // somebody killed the guard: the parts are then on their own
  child.on('error', () => undefined);
  child.unref();
  return {
    pid: child.pid,
    watch: (pid) => void child.stdin.write(`+${pid}\n`),
    forget: (pid) => void child.stdin.write(`-${pid}\n`),
  };
}
