// The guard's own process: reads `+pid` and `-pid` lines; when the supervisor's end of the pipe closes, whatever is still
// listed is asked to stop, and after five seconds made to.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const watched = new Set<number>();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) watched.add(pid);
  else watched.delete(pid);
}
send('SIGTERM');
for (let waited = 0; waited < 5_000 && watched.size > 0; waited += 100) {
  await sleep(100);
  for (const pid of watched) if (!signal(pid, 0)) watched.delete(pid);
}
send('SIGKILL');

function send(name: NodeJS.Signals): void {
  for (const pid of watched) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // gone
  }
}
