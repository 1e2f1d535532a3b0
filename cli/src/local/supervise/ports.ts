// Chooses a free loopback port near a preferred one. A taken port is never an error: the next one a hundred higher is
// tried, then whatever the system gives.
import { once } from 'node:events';
import { createServer } from 'node:net';

export type PortChooser = {
  /** A port nobody listens on and this chooser has not given out; `preferred` if possible. */
  choose(purpose: string, preferred: number): Promise<number>;
  /** By purpose. */
  readonly chosen: ReadonlyMap<string, number>;
  /** Where the wanted port was taken: `2465 -> 2565 (node-1 submissions)`. */
  readonly evasions: readonly string[];
};

const step = 100;
const tries = 10;

/** `remembered`: what the last run of the same state used, by purpose; tried first, so that addresses stay the same. */
export function createPortChooser(host: string, remembered: ReadonlyMap<string, number> = new Map()): PortChooser {
  const chosen = new Map<string, number>();
  const evasions: string[] = [];
  return {
    chosen,
    evasions,
    choose: async (purpose, preferred) => {
      const first = remembered.get(purpose) ?? preferred;
      const candidates = [...new Set([first, ...Array.from({ length: tries }, (_, n) => preferred + n * step)]), 0];
      for (const candidate of candidates) {
        if ([...chosen.values()].includes(candidate)) continue;
        const port = await tryPort(host, candidate);
        if (port === undefined) continue;
        chosen.set(purpose, port);
        if (port !== first) evasions.push(`${first} -> ${port} (${purpose})`);
        return port;
      }
      throw new Error(`no free port for ${purpose} on ${host}`);
    },
  };
}

async function tryPort(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    const bound = server.address();
    server.close();
    await once(server, 'close');
    return typeof bound === 'object' && bound !== null ? bound.port : undefined;
  } catch {
    return undefined;
  }
}
