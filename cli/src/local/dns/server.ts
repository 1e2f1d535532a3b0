// A small authoritative DNS server on one loopback port, UDP and TCP: bytes in, bytes out. What it answers is zone.ts.
// It caches nothing, recurses nowhere and drops what it cannot read.
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { AUTHORITATIVE_ANSWER, TRUNCATED_RESPONSE, decode, encode, type Packet } from 'dns-packet';
import { answerFrom, type Zone } from './zone.ts';

export type DnsServer = { readonly host: string; readonly port: number; close(): Promise<void> };

/** Listens on UDP and TCP of the same port. `zone` is asked for every question, so that it can change at any time. */
export async function startDnsServer(options: {
  readonly host: string;
  readonly port: number;
  readonly zone: () => Zone;
}): Promise<DnsServer> {
  const { host, zone } = options;
  const tcp = createServer((socket) => converse(socket, zone));
  tcp.listen(options.port, host);
  await once(tcp, 'listening');
  const bound = tcp.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
  const udp = createSocket('udp4');
  udp.on('message', (message, peer) => {
    const reply = respond(message, zone, 'udp');
    if (reply !== undefined) udp.send(reply, peer.port, peer.address);
  });
  udp.bind(port, host);
  await once(udp, 'listening');
  return {
    host,
    port,
    close: async () => {
      udp.close();
      tcp.close();
      await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
    },
  };
}

function respond(message: Uint8Array, zone: () => Zone, transport: 'udp' | 'tcp'): Buffer | undefined {
  try {
    const query = decode(message);
    const [question] = query.questions;
    if (question === undefined || query.type === 'response') return undefined;
    const { rcode, answers } = answerFrom(zone(), question);
    const reply: Packet = {
      type: 'response',
      id: query.id,
      flags: AUTHORITATIVE_ANSWER | rcodeNumber(rcode),
      questions: [question],
      answers,
    };
    const bytes = encode(reply);
    if (transport === 'tcp' || bytes.length <= payloadLimit(query)) return bytes;
    return encode({ ...reply, flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE, answers: [] });
  } catch {
    return undefined; // not DNS
  }
}

function rcodeNumber(rcode: 'NOERROR' | 'NXDOMAIN'): number {
  return rcode === 'NXDOMAIN' ? 3 : 0; // RFC 1035 §4.1.1
}

/** RFC 1035 §4.2.1: 512 octets, unless the client says it takes more (RFC 6891 §6.2.3). */
function payloadLimit(query: Packet): number {
  const advertised = query.additionals?.find(({ type }) => type === 'OPT')?.udpPayloadSize;
  return Math.min(Math.max(advertised ?? 512, 512), 4096);
}

/** RFC 1035 §4.2.2: each message follows its length in two octets. */
function converse(socket: Socket, zone: () => Zone): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const length = received.readUInt16BE(0);
      const reply = respond(received.subarray(2, 2 + length), zone, 'tcp');
      received = received.subarray(2 + length);
      if (reply === undefined) return void socket.destroy();
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([prefix, reply]));
    }
  });
}
