// A proxy in front of nats-server that stops at an exact write: before it is passed on, or when its answer has come back and the
// client has not seen it. What happens at that moment is the test's word; a kill, mostly. Reads the client protocol of NATS
// (docs.nats.io/reference/reference-protocols/nats-protocol) frame by frame, and changes nothing.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A message a client publishes. */
export type Write = { readonly subject: string; readonly reply: string | undefined; readonly payload: Buffer };

export type Moment = {
  readonly when: 'before' | 'after';
  /** The first write it holds for is the one. */
  readonly write: (write: Write) => boolean;
};

export function before(write: Moment['write']): Moment {
  return { when: 'before', write };
}

export function after(write: Moment['write']): Moment {
  return { when: 'after', write };
}

export type Tripwire = {
  readonly url: string;
  /**
   * Calls `act` at the moment, once; resolves then. Unless it says `pass`, nothing more passes on that connection, in either
   * direction. Rejects when the moment does not come.
   */
  arm(moment: Moment, act: () => 'stop' | 'pass'): Promise<void>;
};

const patienceMs = 20_000;

export async function startTripwire(t: TestContext, target: { readonly port: number }): Promise<Tripwire> {
  let armed: Armed | undefined;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: target.port, noDelay: true });
    join(client, upstream, () => armed);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .once('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: ({ when, write }, act) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the write to stop at never came')), patienceMs);
        const trip = () => {
          clearTimeout(timer);
          armed = undefined;
          resolve();
          return act();
        };
        armed = { when, write, trip };
      }),
  };
}

type Armed = Moment & { readonly trip: () => 'stop' | 'pass' };

/** Passes whole frames both ways until the wire is tripped. */
function join(client: Socket, upstream: Socket, armed: () => Armed | undefined): void {
  let tripped = false;
  let awaited: string | undefined;
  const fromClient = frames((frame) => {
    if (tripped) return;
    const wire = armed();
    const write = wire && readWrite(frame);
    if (wire !== undefined && write !== undefined && wire.write(write)) {
      if (wire.when === 'after') awaited = write.reply;
      else tripped = wire.trip() === 'stop';
    }
    if (!tripped) upstream.write(frame);
  });
  const fromServer = frames((frame) => {
    const wire = armed();
    if (!tripped && wire !== undefined && awaited !== undefined && subjectOf(frame) === awaited)
      tripped = wire.trip() === 'stop';
    if (!tripped) client.write(frame);
  });
  client.on('data', fromClient);
  upstream.on('data', fromServer);
}

/** Cuts a stream into protocol messages: a line, and for the four that carry one, the payload behind it. */
function frames(each: (frame: Buffer) => void): (octets: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (octets) => {
    pending = pending.length === 0 ? octets : Buffer.concat([pending, octets]);
    for (;;) {
      const lineEnd = pending.indexOf('\r\n');
      if (lineEnd === -1) return;
      const length = lineEnd + 2 + payloadLength(pending.subarray(0, lineEnd));
      if (pending.length < length) return;
      const frame = pending.subarray(0, length);
      pending = pending.subarray(length);
      each(frame);
    }
  };
}

const withPayload = /^H?(?:PUB|MSG) /i;

/** The last number of the line, and the line end behind the payload. */
function payloadLength(line: Buffer): number {
  const text = line.toString('latin1');
  return withPayload.test(text) ? Number(text.slice(text.lastIndexOf(' ') + 1)) + 2 : 0;
}

/** `PUB subject [reply] size`, `HPUB subject [reply] header-size size`. */
function readWrite(frame: Buffer): Write | undefined {
  const lineEnd = frame.indexOf('\r\n');
  const [verb = '', subject = '', ...rest] = frame.toString('latin1', 0, lineEnd).split(' ');
  const withHeader = verb.toUpperCase() === 'HPUB';
  if (!withHeader && verb.toUpperCase() !== 'PUB') return undefined;
  const sizes = rest.slice(withHeader ? -2 : -1);
  const reply = rest.length > sizes.length ? rest[0] : undefined;
  const header = withHeader ? Number(sizes[0]) : 0;
  return { subject, reply, payload: frame.subarray(lineEnd + 2 + header, -2) };
}

/** Of a message the server delivers. */
function subjectOf(frame: Buffer): string | undefined {
  const [verb = '', subject] = frame.toString('latin1', 0, Math.min(frame.indexOf('\r\n'), 512)).split(' ');
  return withPayload.test(`${verb} `) ? subject : undefined;
}
