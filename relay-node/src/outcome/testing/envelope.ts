// A queue entry for the tests of this folder: one recipient, three attempts behind it, told from others by what a test changes.
import type { Envelope } from '@relayfleet/contract/envelope.ts';

export function anEnvelope(changes: Partial<Envelope> = {}): Envelope {
  return {
    v: 1,
    id: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
    k: 0,
    of: 1,
    kind: 'mail',
    platform: { namespace: 'a', name: 'b' },
    domain: 'example.com',
    lane: 'bulk',
    destination: 'to.test',
    sender: 's@example.com',
    smtputf8: false,
    eightBit: false,
    recipients: [{ n: 0, address: 'r@to.test' }],
    acceptedAt: 1_000,
    acceptedBy: 'n',
    attempt: 3,
    due: 1_000,
    settled: { delivered: 0, bounced: 0, expired: 0, dropped: 0 },
    body: { kind: 'inline', size: 1 },
    ...changes,
  };
}
