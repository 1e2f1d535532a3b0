// CPU and memory of process trees, read from /proc: what a contender costs, whoever of its processes does the work.
import { readdirSync, readFileSync } from 'node:fs';

export type Usage = { readonly cpuMs: number; readonly rssMb: number };

const ticksPerSecond = 100; // USER_HZ, fixed on Linux

/** Sum over the processes `roots` and all below them. CPU counts children that have ended, as their parents inherited it. */
export function usageOf(roots: readonly number[]): Usage {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc'))
    if (/^\d+$/.test(entry)) parents.set(Number(entry), Number(stat(Number(entry))?.[1] ?? 0));
  let cpuTicks = 0;
  let rssPages = 0;
  for (const pid of parents.keys()) {
    if (!descends(pid, roots, parents)) continue;
    const fields = stat(pid);
    if (fields === undefined) continue;
    for (const field of fields.slice(11, 15)) cpuTicks += Number(field); // utime stime cutime cstime
    rssPages += Number(fields[21]);
  }
  return { cpuMs: (cpuTicks * 1000) / ticksPerSecond, rssMb: (rssPages * 4096) / 1e6 };
}

function descends(pid: number, roots: readonly number[], parents: ReadonlyMap<number, number>): boolean {
  for (let at = pid; at > 1; at = parents.get(at) ?? 0) if (roots.includes(at)) return true;
  return false;
}

/** Fields of /proc/PID/stat from `state` on (field 3 of proc(5) has index 0); undefined when the process is gone. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
