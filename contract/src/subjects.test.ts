import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newMailId } from './mail-id.ts';
import { consumerSettings, streamSettings } from './stream-settings.ts';
import {
  againSubjects,
  bodyPlacesSubject,
  bodySubject,
  configKeys,
  consumers,
  deadSubject,
  deferredFilter,
  deferredSubject,
  dueMinuteOf,
  duplicateWindowMs,
  ackWaitMs,
  entryFilter,
  eventSubject,
  filters,
  mailSubject,
  parseBodySubject,
  parseEntrySubject,
  parsePlatformToken,
  platformToken,
  retrySubject,
  streams,
  type EntryKey,
} from './subjects.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const plain = { noNullPrototype: true } as const;
const platform = fc.record(
  { namespace: label, name: fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')) },
  plain,
);
const keys: fc.Arbitrary<EntryKey> = fc.record(
  {
    lane: fc.constantFrom('transactional', 'bulk'),
    domain: fc.domain(),
    destination: fc.domain(),
    platform,
    id: fc.uint8Array({ minLength: 10, maxLength: 10 }).map((bytes) => newMailId(1_700_000_000_000, () => bytes)),
    k: fc.nat(999),
  },
  plain,
);

test('an entry’s subject tells its key, in every state it passes', () => {
  fc.assert(
    fc.property(keys, fc.nat(2_000_000_000_000), (key, due) => {
      assert.deepEqual(parseEntrySubject(mailSubject(key)), { state: 'mq', key });
      assert.deepEqual(parseEntrySubject(retrySubject(key)), { state: 'rt', key });
      assert.deepEqual(parseEntrySubject(deferredSubject(key, due)), { state: 'df', key });
      const { lane: _lane, domain: _domain, ...unowned } = key; // the envelope tells them
      assert.deepEqual(parseEntrySubject(deadSubject(key)), { state: 'dead', key: unowned });
    }),
  );
});

test('every token is one NATS takes, and every subject is caught by the filters meant for it', () => {
  fc.assert(
    fc.property(keys, fc.nat(2_000_000_000_000), (key, due) => {
      const { id, destination } = key;
      const cases = [
        [
          mailSubject(key),
          filters.mailOf(id),
          entryFilter('mq', { id }),
          entryFilter('mq', { platform: key.platform }),
          entryFilter('mq', { domain: key.domain }),
        ],
        [retrySubject(key), filters.retryOf(id), entryFilter('rt', { id, destination })],
        [retrySubject(key), deferredFilter({ id })],
        [deferredSubject(key, due), filters.deferredOf(id), entryFilter('df', { destination, domain: key.domain })],
        [deferredSubject(key, due), deferredFilter({ id })],
        [deadSubject(key), filters.deadOf(id), entryFilter('dead', key)],
        [bodySubject(id, key.k), filters.bodyOf(id)],
        [bodyPlacesSubject(id, [key.k]), filters.bodyOf(id)],
        [eventSubject(key.platform, id, key.k, 'attempted'), filters.eventsOf(id)],
        [eventSubject(key.platform, id, 0, 'attempted'), filters.eventsOfFirst(id)],
      ] as const;
      for (const [subject, ...caughtBy] of cases) {
        assert.match(subject, /^[^\s.*>]+(\.[^\s.*>]+)*$/);
        for (const filter of caughtBy) assert.ok(matches(filter, subject), `${filter} misses ${subject}`);
      }
    }),
  );
});

test('a filter for one catches no other', () => {
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      fc.pre(a.id !== b.id && a.destination !== b.destination);
      assert.ok(!matches(filters.mailOf(a.id), mailSubject(b)));
      assert.ok(!matches(entryFilter('mq', { destination: a.destination }), mailSubject(b)));
    }),
  );
});

test('each entry’s subject belongs to one consumer, and no consumer ever takes a schedule', () => {
  fc.assert(
    fc.property(keys, fc.nat(2_000_000_000_000), (key, due) => {
      const takenBy = (subject: string) =>
        Object.values(consumers)
          .filter(({ filter }) => matches(filter, subject))
          .map(({ name }) => name);
      assert.deepEqual(takenBy(mailSubject(key)), [key.lane === 'bulk' ? 'mq-bulk' : 'mq-tx']);
      assert.deepEqual(takenBy(retrySubject(key)), ['rt']);
      assert.deepEqual(takenBy(deferredSubject(key, due)), []); // an acknowledgement there would delete the schedule
    }),
  );
});

test('a deferral’s subject is a function of entry and due minute', () => {
  const [key] = fc.sample(keys, 1) as [EntryKey];
  const due = 1_700_000_000_000;
  assert.equal(deferredSubject(key, due), deferredSubject(key, due + 1));
  assert.notEqual(deferredSubject(key, due), deferredSubject(key, due + 60_000));
  assert.equal(dueMinuteOf(deferredSubject(key, due)), Math.floor(due / 60_000) * 60_000);
  assert.equal(dueMinuteOf(mailSubject(key)), undefined);
});

test('what comes again as it is keeps its key, reappears for the consumer of retries, and waits beside its deferral', () => {
  fc.assert(
    fc.property(keys, fc.nat(2_000_000_000_000), (key, at) => {
      for (const subject of [mailSubject(key), retrySubject(key)]) {
        const { waits, reappears } = againSubjects(subject, at);
        assert.equal(reappears, retrySubject(key));
        assert.deepEqual(parseEntrySubject(waits), { state: 'df', key });
        assert.equal(dueMinuteOf(waits), dueMinuteOf(deferredSubject(key, at)));
        assert.notEqual(waits, deferredSubject(key, at));
      }
    }),
  );
});

test('platform tokens come back; what is none is refused', () => {
  fc.assert(fc.property(platform, (ref) => assert.deepEqual(parsePlatformToken(platformToken(ref)), ref)));
  for (const text of ['', 'a', '_', 'a_', '_b', 'a_b_c']) assert.equal(parsePlatformToken(text), undefined, text);
});

test('subjects of early builds told less', () => {
  const id = newMailId(0, () => new Uint8Array(10));
  const known = { destination: 'a.test', platform: { namespace: 'b', name: 'c' }, id, k: 0 };
  const tail = `0.a~test.b_c.${id}.0`;
  assert.deepEqual(parseEntrySubject(`mq.bulk.${tail}`), { state: 'mq', key: { lane: 'bulk', ...known } });
  assert.deepEqual(parseEntrySubject(`df.28000000.${tail}`), { state: 'df', key: known });
  assert.equal(dueMinuteOf(`df.28000000.${tail}`), 28_000_000 * 60_000);
});

test('other subjects are no entries', () => {
  const id = newMailId(0, () => new Uint8Array(10));
  const good = `mq.tx.0.a.b_c.${id}.0`;
  assert.ok(parseEntrySubject(good));
  for (const subject of [
    '',
    'mq',
    `${good}.0`,
    good.slice(0, -2),
    good.slice(0, -1),
    `mq.tx.0.a.b_c.${id}.x`,
    `mq.tx.0.a.bc.${id}.0`,
    `mq.tx.0..b_c.${id}.0`,
    `df.a.b_c.${id}.0`,
    `evt.b_c.${id}.0.accepted`,
    `b.${id}.0000`,
  ])
    assert.equal(parseEntrySubject(subject), undefined, subject);
});

test('shard keys name their content', () => {
  assert.equal(configKeys.shard('d17', 'ab'.repeat(32)), `shard.d17.${'ab'.repeat(16)}`);
});

test('streams never drop accepted mail, and what is reserved leaves room for deferrals', () => {
  const settings = streamSettings({ replicas: 3, storageBytes: 1_000_000, eventRetentionMs: 60_000 });
  const byName = Object.fromEntries(settings.map((stream) => [stream.name, stream]));
  for (const name of [streams.mail, streams.bodies, streams.dead]) {
    assert.equal(byName[name]?.['discard'], 'new');
    assert.equal(byName[name]?.['max_age'], undefined);
  }
  assert.equal(byName[streams.dead]?.['max_msgs_per_subject'], 1); // buried again, an entry replaces itself
  for (const limit of ['max_age', 'max_bytes', 'max_msgs']) assert.equal(byName[streams.deferred]?.[limit], undefined);
  const reserved = settings.reduce((sum, stream) => sum + Number(stream['max_bytes'] ?? 0), 0);
  assert.ok(reserved <= 850_000);
  assert.ok(settings.every((stream) => stream['num_replicas'] === 3));
  for (const key of Object.keys(consumers) as (keyof typeof consumers)[])
    assert.equal(consumerSettings(key, 1)['max_deliver'], -1);
  assert.ok(duplicateWindowMs > ackWaitMs);
});

/** NATS's own rule: `*` is one token, `>` at the end one or more. */
function matches(filter: string, subject: string): boolean {
  const [wanted, tokens] = [filter.split('.'), subject.split('.')];
  if (wanted.at(-1) === '>') return tokens.length >= wanted.length && wanted.slice(0, -1).every(same);
  return tokens.length === wanted.length && wanted.every(same);
  function same(token: string, index: number): boolean {
    return token === '*' || token === tokens[index];
  }
}

test('a body’s subjects tell its mail, and where its chunks lie', () => {
  const id = newMailId(1_700_000_000_000, () => new Uint8Array(10));
  assert.deepEqual(parseBodySubject(bodySubject(id, 7)), { id, sequences: [] });
  assert.deepEqual(parseBodySubject(bodyPlacesSubject(id, [1, 35, 36, 2 ** 40])), {
    id,
    sequences: [1, 35, 36, 2 ** 40],
  });
  for (const subject of ['b', `b.${id}`, `b.${id}.0000.x`, `b.${id}.at.1.2`, `mq.${id}.0000`])
    assert.equal(parseBodySubject(subject), undefined, subject);
});
