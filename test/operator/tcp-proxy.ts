// A TCP proxy of a test's own, to do to connections what networks do: cut them all, count them.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type TcpProxy = {
  readonly port: number;
  /** Connections made so far. */
  made(): number;
  /** Resets every connection; new ones are taken again unless `refuse`. */
  cut(options?: { readonly refuse?: boolean }): void;
  /** Takes connections again. */
  mend(): void;
  close(): void;
};

export async function startProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let made = 0;
  let refusing = false;
  const server = createServer((client) => {
    made += 1;
    if (refusing) return void client.resetAndDestroy();
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .once('close', () => {
          open.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    made: () => made,
    cut({ refuse = false } = {}) {
      refusing = refuse;
      cut();
    },
    mend: () => (refusing = false),
    close() {
      server.close();
      cut();
    },
  };
}
