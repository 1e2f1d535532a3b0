import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, lanes, type Envelope } from './envelope.ts';
import { newMailId } from './mail-id.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const id = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([now, bytes]) => newMailId(now, () => bytes));
const count = fc.nat(1_000_000);
const text = fc.string({ unit: 'grapheme', maxLength: 50 });
const recipient = fc.record(
  {
    n: count,
    address: fc.string({ unit: 'grapheme', minLength: 3, maxLength: 40 }),
    notify: fc.uniqueArray(fc.constantFrom('NEVER', 'SUCCESS', 'FAILURE', 'DELAY')),
    orcpt: text,
  },
  { requiredKeys: ['n', 'address'] },
);
const hex64 = fc.stringMatching(/^[0-9a-f]{64}$/);

/** Envelopes with a body that belongs to them. */
const entries = fc
  .tuple(
    fc.record(
      {
        v: fc.constant(1 as const),
        id,
        k: count,
        of: fc.integer({ min: 1, max: 1000 }),
        kind: fc.constantFrom('mail', 'dsn'),
        platform: fc.record({ namespace: name, name }),
        domain: fc.domain(),
        domainRef: fc.record({ namespace: name, name }),
        lane: fc.constantFrom(...lanes),
        destination: fc.domain(),
        sender: text,
        recipients: fc.array(recipient, { minLength: 1, maxLength: 5 }),
        ret: fc.constantFrom('FULL', 'HDRS'),
        envid: text,
        smtputf8: fc.boolean(),
        eightBit: fc.boolean(),
        acceptedAt: fc.integer(),
        acceptedBy: text,
        attempt: count,
        due: fc.integer(),
        settled: fc.record({ delivered: count, bounced: count, expired: count, dropped: count }),
      },
      { noNullPrototype: true },
    ),
    fc.uint8Array({ maxLength: 300 }),
    fc.option(
      fc.record(
        {
          size: count,
          chunks: fc.integer({ min: 1, max: 100 }),
          sha256: hex64,
          relaxedHash: fc.stringMatching(/^[0-9A-Za-z+/]{43}=$/),
        },
        { requiredKeys: ['size', 'chunks', 'sha256'] },
      ),
      { nil: undefined },
    ),
  )
  .map(([rest, bytes, chunked]) => {
    const body = chunked
      ? ({ kind: 'chunks', ...chunked } as const)
      : ({ kind: 'inline', size: bytes.length } as const);
    return { envelope: { ...rest, body } as Envelope, bytes: chunked ? new Uint8Array() : bytes };
  });

test('an entry comes back as it was written, whatever bytes and characters it holds', () => {
  fc.assert(
    fc.property(entries, ({ envelope, bytes }) => {
      const entry = decodeEntry(encodeEntry(envelope, bytes));
      assert.ok(entry.ok, entry.ok ? '' : entry.problem);
      assert.deepEqual(JSON.parse(JSON.stringify(entry.value.envelope)), JSON.parse(JSON.stringify(envelope)));
      assert.deepEqual(Buffer.from(entry.value.body), Buffer.from(bytes));
      assert.equal(entry.value.bodyProblem, undefined);
    }),
  );
});

test('no bytes at all make decoding throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(decodeEntry(bytes).ok, false);
    }),
  );
});

test('a cut entry is refused at every place it can be cut; cut in its body, it still says whose it is', () => {
  const [{ envelope, bytes }] = fc.sample(
    entries.filter((entry) => entry.bytes.length > 0),
    { numRuns: 1, seed: 1 },
  ) as [{ envelope: Envelope; bytes: Uint8Array }];
  const encoded = encodeEntry(envelope, bytes);
  const line = encoded.length - bytes.length;
  for (let end = 0; end < line; end++) assert.equal(decodeEntry(encoded.subarray(0, end)).ok, false, `${end}`);
  const spoilt = Array.from(bytes, (_, cut) => encoded.subarray(0, line + cut));
  for (const entry of [...spoilt, Buffer.concat([encoded, Buffer.of(0)])]) {
    const read = decodeEntry(entry);
    assert.ok(read.ok && read.value.envelope.id === envelope.id);
    assert.match(read.value.bodyProblem ?? 'intact', /^body: [0-9]+ bytes, the envelope says/);
  }
});

const good = () =>
  JSON.parse(JSON.stringify(fc.sample(entries, { numRuns: 1, seed: 2 })[0]!.envelope)) as Record<string, unknown>;
const refusals: readonly (readonly [name: string, change: Record<string, unknown>, problem: RegExp])[] = [
  ['a newer version', { v: 2, somethingNew: true }, /^v: version 2 is newer than this node understands \(1\)$/],
  ['no version', { v: undefined }, /^v: /],
  ['a short id', { id: 'X' }, /^id: /],
  ['no recipients', { recipients: [] }, /^recipients: /],
  ['a recipient without address', { recipients: [{ n: 0 }] }, /^recipients\.0\.address: /],
  ['an unknown lane', { lane: 'express' }, /^lane: /],
  ['a negative attempt', { attempt: -1 }, /^attempt: /],
  ['a fraction of a millisecond', { due: 1.5 }, /^due: /],
  ['an unknown kind of body', { body: { kind: 'cloud' } }, /^body\.kind: /],
  ['chunks without a digest', { body: { kind: 'chunks', size: 1, chunks: 1 } }, /^body\.sha256: /],
  ['an empty destination', { destination: '' }, /^destination: /],
];
for (const [what, change, problem] of refusals)
  test(`${what} is refused with its field`, () => {
    const entry = decodeEntry(Buffer.from(`${JSON.stringify({ ...good(), ...change })}\n`));
    assert.match(entry.ok ? 'accepted' : entry.problem, problem);
  });

test('text that is no envelope is refused in words', () => {
  assert.deepEqual(decodeEntry(Buffer.from('{}')), { ok: false, problem: 'entry: no envelope line' });
  assert.deepEqual(decodeEntry(Buffer.from('{\n')), { ok: false, problem: 'envelope: not JSON' });
});
