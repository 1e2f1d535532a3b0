// Free TCP ports on loopback for tests, so that suites can run side by side. Below the range the kernel takes client ports
// from: a server that is killed and started again finds its port still free.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port after 100 tries');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
