import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lanes } from './envelope.ts';
import { decodeEvents, encodeEvents, type MailEvent } from './event.ts';
import { newMailId } from './mail-id.ts';
import { attemptOutcomes, isFinal, outcomeCategories } from './outcome.ts';

const plain = { noNullPrototype: true } as const;
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const whole = fc.nat();
const amount = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0); // JSON knows no -0
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary);
const common = {
  v: fc.constant(1 as const),
  at: whole,
  node: name,
  id: whole.map((now) => newMailId(now, () => new Uint8Array(10))),
  k: whole,
  platform: fc.record({ namespace: name, name }, plain),
  domain: fc.domain(),
};
const result = fc.record(
  {
    n: whole,
    outcome: fc.constantFrom(...attemptOutcomes),
    category: fc.constantFrom(...outcomeCategories),
    code: fc.integer({ min: 200, max: 599 }),
    status: fc.constantFrom('2.0.0', '4.4.1', '5.1.1', '5.7.999'),
  },
  { ...plain, requiredKeys: ['n', 'outcome', 'category', 'status'] },
);
const events = fc.oneof(
  fc.record(
    {
      ...common,
      type: fc.constant('accepted'),
      kind: fc.constantFrom('mail', 'dsn'),
      lane: fc.constantFrom(...lanes),
      size: whole,
      recipients: whole,
      destinations: whole,
      tls: orNull(name),
      commitMs: amount,
    },
    plain,
  ),
  fc
    .record(
      {
        ...common,
        type: fc.constant('attempted'),
        attempt: fc.integer({ min: 1 }),
        results: fc.array(result, { minLength: 1, maxLength: 4 }),
        hop: orNull(fc.domain()),
        tls: orNull(name),
        waitMs: amount,
        connectMs: orNull(amount),
        transferMs: orNull(amount),
        nextDue: orNull(whole),
      },
      plain,
    )
    .chain((attempted) => fc.constantFrom(attempted, { ...attempted, order: 'drop-1' })),
  fc.record(
    {
      ...common,
      type: fc.constant('settled'),
      totals: fc.record({ delivered: whole, bounced: whole, expired: whole, dropped: whole }, plain),
      attempts: whole,
      totalMs: amount,
    },
    plain,
  ),
) as fc.Arbitrary<MailEvent>;

test('an event comes back as it was written', () => {
  fc.assert(
    fc.property(events, (event) => {
      assert.deepEqual(decodeEvents(encodeEvents([event])), { ok: true, value: [event] });
    }),
  );
});

test('an event has no room for an address: unknown fields are dropped on the way in', () => {
  const [event] = fc.sample(events, 1) as [MailEvent];
  const decoded = decodeEvents(Buffer.from(JSON.stringify({ ...event, recipient: 'someone@example.net' })));
  assert.ok(decoded.ok && !JSON.stringify(decoded.value).includes('@'));
});

test('what is no event is refused with its field', () => {
  const attempted = fc.sample(
    events.filter(({ type }) => type === 'attempted'),
    1,
  )[0] as MailEvent;
  const problemOf = (change: object) => {
    const decoded = decodeEvents(Buffer.from(JSON.stringify({ ...attempted, ...change })));
    return decoded.ok ? 'accepted' : decoded.problem;
  };
  assert.match(problemOf({ type: 'opened' }), /^type: /);
  assert.match(problemOf({ attempt: 0 }), /^attempt: /);
  assert.match(problemOf({ results: [] }), /^results: /);
  assert.match(
    problemOf({ results: [{ n: 0, outcome: 'delivered', category: 'accepted', status: '250' }] }),
    /^results\.0\.status: /,
  );
  assert.match(
    problemOf({ results: [{ n: 0, outcome: 'lost', category: 'peer', status: '4.0.0' }] }),
    /^results\.0\.outcome: /,
  );
  assert.deepEqual(decodeEvents(Buffer.from('no')), { ok: false, problem: 'document: not JSON' });
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeEvents(bytes).ok, false)));
});

test('every outcome but "deferred" is the last', () => {
  assert.deepEqual(
    attemptOutcomes.filter((outcome) => !isFinal(outcome)),
    ['deferred'],
  );
});
