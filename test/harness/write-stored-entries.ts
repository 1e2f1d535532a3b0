// Writes a new set of stored entries, one file for each message that today's code leaves in a real nats-server: run it when the
// envelope changes, `hack/node test/harness/write-stored-entries.ts 2-what-changed`, after teaching `samples` the new fields.
// A set that exists is never touched: it is what some build has stored, and must be read for ever.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { streams } from '@relayfleet/contract/subjects.ts';
import { openEventLog, type EventLog } from '@relayfleet/jetstream/event-log.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { startNats, type NatsServer } from './nats.ts';
import { encodeStored, storedSetFolder, type StoredMessage } from './stored-entries.ts';

const [name] = process.argv.slice(2);
if (name === undefined || !/^[0-9]+-[a-z0-9-]+$/.test(name)) throw new Error('name the set: 2-what-changed');
const target = storedSetFolder(name);
if (existsSync(target)) throw new Error(`${target} exists: what a build has stored is never written again`);

const acceptedAt = Date.UTC(2025, 0, 6, 9);
/** A moment that never comes while the set is made, and the past one that takes its place in the file. */
const never = '2099-01-01T00:00:00.000Z';
const retryAt = acceptedAt + 65_000;
const journey = { hop: 'mx.to.test', tls: 'TLSv1.3', waitMs: 1, connectMs: 20, transferMs: 30 } as const;

const setback = { because: 'defect', times: 2, since: acceptedAt } as const;

const text = 'Gr\u00fc\u00dfe.\r\n.dots\r\n';
const message = Buffer.from(
  `From: Shop <info@shop.test>\r\nTo: someone@to.test\r\nSubject: Order\r\nMIME-Version: 1.0\r\n\r\n${text}`,
);
const relaxedHash = createHash('sha256').update(text).digest('base64');

const server = await startNats();
try {
  await ensureStreams(await server.connect('operator'), {
    replicas: 1,
    storageBytes: 1e9,
    eventRetentionMs: 3_600_000,
  });
  const node = await server.connect('node');
  const names = await storeSamples(openMailQueue(node, { timeoutMs: 2_000 }), openEventLog(node));
  const stored = await everyMessage(server);
  mkdirSync(target, { recursive: true });
  for (const each of stored) writeFileSync(join(target, fileName(each, names)), encodeStored(each));
  console.log(`${target}: ${stored.length} files`);
} finally {
  await server.stop();
}

function sample(changes: Partial<Envelope>): Envelope {
  return {
    v: 1,
    id: newMailId(acceptedAt, randomBytes),
    k: 0,
    of: 1,
    kind: 'mail',
    platform: { namespace: 'shop', name: 'orders' },
    domain: 'shop.test',
    domainRef: { namespace: 'shop', name: 'shop' },
    lane: 'transactional',
    destination: 'to.test',
    sender: 'info@shop.test',
    recipients: [{ n: 0, address: 'someone@to.test' }],
    smtputf8: false,
    eightBit: true,
    acceptedAt,
    acceptedBy: 'node-a',
    attempt: 0,
    due: acceptedAt,
    settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
    body: { kind: 'inline', size: message.length },
    ...changes,
  };
}

/** Between them, every field an envelope can have and every word a field can hold. Returns what each id stands for. */
async function storeSamples(queue: MailQueue, log: EventLog): Promise<ReadonlyMap<string, string>> {
  const inline = sample({});
  const recorded = sample({});
  const notice = sample({ kind: 'dsn', sender: '', recipients: [{ n: 0, address: 'info@shop.test' }] });
  const shared: Partial<Envelope> = { id: newMailId(acceptedAt, randomBytes), of: 2, lane: 'bulk', smtputf8: true };
  const told: Partial<Envelope> = { ret: 'HDRS', envid: 'order+2B7' };
  const first = {
    n: 0,
    address: 'someone@to.test',
    notify: ['SUCCESS', 'FAILURE', 'DELAY'],
    orcpt: 'rfc822;some+2Bone@to.test',
  } satisfies Envelope['recipients'][number];
  const second = { n: 1, address: 'j\u00f6rg@other.test', notify: ['NEVER'] } satisfies Envelope['recipients'][number];
  const ofShared = { ...(await body(queue, shared.id!)), relaxedHash };
  const deferred = sample({
    recipients: [{ n: 1, address: 'late@to.test' }],
    ret: 'FULL',
    attempt: 1,
    due: retryAt,
    settled: { delivered: 1, bounced: 0, expired: 0, dropped: 0 },
    heldSince: acceptedAt + 1_000,
    pushedBack: 1,
    delayTold: true,
  });
  const commits = [
    await queue.commit([{ envelope: inline, body: message }], 5_000),
    await queue.commit([{ envelope: recorded, body: message }], 5_000),
    await queue.commit([{ envelope: notice, body: message }], 5_000),
    await queue.commit(
      [
        { envelope: sample({ ...shared, ...told, recipients: [first], body: ofShared }) },
        {
          envelope: sample({
            ...shared,
            ...told,
            k: 1,
            destination: 'other.test',
            recipients: [second],
            body: ofShared,
          }),
        },
      ],
      5_000,
    ),
    await queue.defer({ ...deferred, body: await body(queue, deferred.id) }, Date.parse(never), { setback }),
  ];
  for (const commit of commits) if (!commit.ok) throw new Error(commit.detail);
  await log.append(lastWords(recorded));
  await log.append(attempt(deferred));
  return new Map([
    [recorded.id, 'recorded'],
    [inline.id, 'inline'],
    [notice.id, 'notice'],
    [shared.id!, 'shared'],
    [deferred.id, 'deferred'],
  ]);
}

/** The record of the attempt after which `envelope` was deferred. */
function attempt(envelope: Envelope): readonly MailEvent[] {
  const result = { n: 1, outcome: 'deferred', category: 'peer', code: 450, status: '4.2.1' } as const;
  return [{ ...event(envelope), type: 'attempted', attempt: 1, results: [result], nextDue: retryAt, ...journey }];
}

/** The record of the attempt that delivered `envelope`, which its worker did not live to acknowledge. */
function lastWords(envelope: Envelope): readonly MailEvent[] {
  const result = { n: 0, outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0' } as const;
  const totals = { delivered: 1, bounced: 0, expired: 0, dropped: 0 };
  return [
    { ...event(envelope), type: 'attempted', attempt: 1, results: [result], nextDue: null, ...journey },
    { ...event(envelope), type: 'settled', totals, attempts: 1, totalMs: 500 },
  ];
}

function event({ id, k, platform, domain }: Envelope) {
  return { v: 1, at: acceptedAt + 500, node: 'node-a', id, k, platform, domain } as const;
}

async function body(queue: MailQueue, id: string) {
  const stored = await queue.putBody(id, message);
  if (!stored.ok) throw new Error(stored.detail);
  return stored.ref;
}

async function everyMessage(of: NatsServer): Promise<readonly StoredMessage[]> {
  const manager = await jetstreamManager((await of.connect('reader')).nc);
  const found: StoredMessage[] = [];
  for (const stream of [streams.mail, streams.deferred, streams.bodies, streams.events]) {
    const { state } = await manager.streams.info(stream);
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const stored = await manager.direct.getMessage(stream, { seq });
      if (stored === null) continue;
      const headers = stored.header
        .keys()
        .map((key) => [key, stored.header.get(key).replace(never, new Date(retryAt).toISOString())]);
      const own = headers.filter(([key]) => !/^Nats-(Batch|Stream|Subject|Sequence|Time|Last|Num|UpTo)/.test(key!)); // the server's own
      found.push({
        stream,
        subject: stored.subject,
        headers: Object.fromEntries(own),
        payload: Buffer.from(stored.data),
      });
    }
  }
  return found;
}

/** `shared.1` is an entry, `shared.body-0000` a chunk of its body, `shared.body-at` where its chunks lie, `deferred.0-attempted` an event. */
function fileName({ stream, subject }: StoredMessage, names: ReadonlyMap<string, string>): string {
  const [, id = '', last = '', type] = /\.([0-9A-Z]{26})\.([^.]+)(?:\.([^.]+))?/.exec(subject) ?? [];
  const what = stream === streams.bodies ? `body-${last}` : stream === streams.events ? `${last}-${type}` : last;
  return `${names.get(id)}.${what}.stored`;
}
