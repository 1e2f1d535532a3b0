// How to see from outside that a part works. Each answers yes or no, soon, and never rejects.
import { createConnection } from 'node:net';

const patienceMs = 1_000;

/** Something listens. With `greeting`, its first words must match, too: another program on the port does not count. */
export function listens(host: string, port: number, greeting?: RegExp): () => Promise<boolean> {
  return () =>
    new Promise((resolve) => {
      const socket = createConnection({ host, port });
      const answer = (yes: boolean): void => {
        socket.destroy();
        resolve(yes);
      };
      socket.setTimeout(patienceMs, () => answer(false));
      socket.once('error', () => answer(false));
      if (greeting === undefined) socket.once('connect', () => answer(true));
      else socket.once('data', (data) => answer(greeting.test(data.toString())));
    });
}

/** An HTTP GET says 200. */
export function answersOk(url: string): () => Promise<boolean> {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  };
}
