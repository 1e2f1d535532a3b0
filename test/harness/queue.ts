// A nats-server with a fleet's streams on it, for one test: started, filled with the contract's settings, stopped afterwards.
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import type { StreamSizing } from '@relayfleet/contract/stream-settings.ts';
import type { MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { startNats, type NatsOptions, type NatsServer } from './nats.ts';

export const sizing: StreamSizing = { replicas: 1, storageBytes: 1_000_000_000, eventRetentionMs: 3_600_000 };

export async function startQueue(
  test: TestContext,
  { storageBytes = sizing.storageBytes, ...options }: NatsOptions & { readonly storageBytes?: number } = {},
): Promise<NatsServer> {
  const server = await startNats(options);
  test.after(() => server.stop());
  const operator = await server.connect('operator');
  const ensured = await ensureStreams(operator, { ...sizing, storageBytes });
  if (!ensured.ok) throw new Error(ensured.problem);
  return server;
}

/** An envelope as the acceptance of one mail would make it; what matters to a test is overridden. */
export function anEnvelope(overrides: Partial<Envelope> = {}): Envelope {
  const now = Date.now();
  return {
    v: 1,
    id: newMailId(now, randomBytes),
    k: 0,
    of: 1,
    kind: 'mail',
    platform: { namespace: 'team', name: 'shop' },
    domain: 'example.com',
    lane: 'transactional',
    destination: 'example.net',
    sender: 'info@example.com',
    recipients: [{ n: 0, address: 'someone@example.net' }],
    smtputf8: false,
    eightBit: false,
    acceptedAt: now,
    acceptedBy: 'node-a',
    attempt: 0,
    due: now,
    settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
    body: { kind: 'inline', size: 0 },
    ...overrides,
  };
}

/** An entry's whole body; undefined when it is lost or not what was stored. Rejects when NATS does not answer. */
export async function wholeBody(
  queue: Pick<MailQueue, 'readBody'>,
  { id, body }: Envelope,
  inline: Uint8Array = new Uint8Array(0),
): Promise<Buffer | undefined> {
  if (body.kind === 'inline') return Buffer.from(inline);
  const reading = queue.readBody({ id, body });
  const chunks: Buffer[] = [];
  for (;;) {
    const { done, value } = await reading.next();
    if (done === true) return value === 'intact' ? Buffer.concat(chunks) : undefined;
    chunks.push(value);
  }
}

/** An envelope and an inline body that belongs to it. */
export function anEntry(
  overrides: Partial<Envelope> = {},
  body: Uint8Array = Buffer.from('Subject: x\r\n\r\nHello\r\n'),
) {
  return { envelope: anEnvelope({ ...overrides, body: { kind: 'inline', size: body.length } }), body };
}

/** The event of a first attempt that the peer deferred. */
export function anAttempt({ id, k, platform, domain }: Envelope): AttemptedEvent {
  return {
    v: 1,
    at: Date.now(),
    node: 'node-a',
    id,
    k,
    platform,
    domain,
    type: 'attempted',
    attempt: 1,
    results: [{ n: 0, outcome: 'deferred', category: 'peer', code: 421, status: '4.3.2' }],
    hop: 'mx.example.net',
    tls: 'TLSv1.3',
    waitMs: 1,
    connectMs: 2,
    transferMs: 3,
    nextDue: Date.now() + 60_000,
  };
}
