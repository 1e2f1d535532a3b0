// A DNS server on a UDP port of its own that answers from a zone a test writes and may change: records, aliases (followed, as a
// recursive server does), NXDOMAIN, NODATA, SERVFAIL, silence.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, type Answer } from 'dns-packet';

/** Records by type; a name that is missing is NXDOMAIN, a type that is missing NODATA. */
export type ZoneEntry =
  | {
      readonly CNAME?: string;
      readonly MX?: readonly (readonly [number, string])[];
      readonly A?: readonly string[];
      readonly AAAA?: readonly string[];
    }
  | 'SERVFAIL'
  | 'silence';
export type Zone = Record<string, ZoneEntry>;

export type NameServer = {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Read anew for each question. */
  zone: Zone;
  /** `MX to.test` and the like, as asked. */
  readonly questions: readonly string[];
  stop(): void;
};

const rcodes = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const authoritative = 1 << 10;

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  const self = { zone };
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const { name, type } = question;
    questions.push(`${type} ${name}`);
    const { aliases, end, entry } = follow(self.zone, name.toLowerCase());
    if (entry === 'silence') return;
    const rcode = entry === undefined ? rcodes.NXDOMAIN : entry === 'SERVFAIL' ? rcodes.SERVFAIL : 0;
    const records = entry === undefined || entry === 'SERVFAIL' ? [] : answersOf(end, type, entry);
    const answers = [...aliases, ...records];
    const flags = authoritative | rcode;
    socket.send(
      encode({ type: 'response', id: query.id ?? 0, flags, questions: [question], answers }),
      from.port,
      from.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return Object.assign(self, {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    stop: () => void socket.close(),
  });
}

/** A loop ends after sixteen aliases, at a name that has another one and no records: what is answered is the aliases alone. */
function follow(zone: Zone, name: string): { aliases: Answer[]; end: string; entry: ZoneEntry | undefined } {
  const aliases: Answer[] = [];
  let end = name;
  let entry = zone[end];
  while (aliases.length < 16 && typeof entry === 'object' && entry.CNAME !== undefined) {
    aliases.push({ name: end, type: 'CNAME', ttl: 60, data: entry.CNAME });
    end = entry.CNAME;
    entry = zone[end];
  }
  return { aliases, end, entry };
}

function answersOf(name: string, type: string, entry: Exclude<ZoneEntry, string>): Answer[] {
  const ttl = 60;
  if (type === 'MX')
    return (entry.MX ?? []).map(([preference, exchange]) => ({ name, type, ttl, data: { preference, exchange } }));
  if (type === 'A') return (entry.A ?? []).map((data) => ({ name, type, ttl, data }));
  if (type === 'AAAA') return (entry.AAAA ?? []).map((data) => ({ name, type, ttl, data }));
  return [];
}
