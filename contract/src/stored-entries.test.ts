// What earlier builds left in the queue, byte for byte, is read for ever; every field of an envelope is in what some build left.
// The bytes are in testdata/stored-entries, a folder for each form; test/harness/write-stored-entries.ts makes the next one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { readStoredSets, type StoredMessage } from '../../test/harness/stored-entries.ts';
import { decodeEntry, envelopeSchema } from './envelope.ts';
import { entryFilter, parseBodySubject, parseEntrySubject, streams } from './subjects.ts';

const sets = readStoredSets();
const entriesOf = (messages: Readonly<Record<string, StoredMessage>>) =>
  Object.entries(messages).filter(([, { stream }]) => stream === streams.mail || stream === streams.deferred);

for (const { name, messages } of sets)
  test(`entries stored as in ${name} are read, and found by their subjects`, () => {
    for (const [file, { subject, headers, payload }] of entriesOf(messages)) {
      const entry = decodeEntry(payload);
      assert.ok(entry.ok, `${file}: ${entry.ok ? '' : entry.problem}`);
      const { id, k, platform, destination, body } = entry.value.envelope;
      const target = headers['Nats-Schedule-Target'];
      for (const place of [subject, ...(target === undefined ? [] : [target])]) {
        const parsed = parseEntrySubject(place);
        assert.ok(parsed !== undefined, place);
        const { id: toldId, k: toldK, platform: toldPlatform, destination: toldDestination } = parsed.key;
        assert.deepEqual([toldId, toldK, toldPlatform, toldDestination], [id, k, platform, destination]);
        for (const filter of [{}, { id }, { platform, destination }])
          assert.ok(catches(entryFilter(parsed.state, filter), place), `${place} with ${JSON.stringify(filter)}`);
      }
      const chunks = Object.values(messages).filter((message) => parseBodySubject(message.subject)?.id === id);
      assert.equal(chunks.length > 0, body.kind === 'chunks', file);
    }
  });

test('every field of an envelope, and every word one may hold, is in what some build has stored', () => {
  const stored = new Set(
    sets.flatMap(({ messages }) => entriesOf(messages).flatMap(([, { payload }]) => partsOf(rawEnvelope(payload)))),
  );
  const missing = partsOfSchema(z.toJSONSchema(envelopeSchema, { io: 'input' }) as Schema).filter(
    (part) => !stored.has(part),
  );
  assert.deepEqual(missing, [], 'the envelope has changed: write a new set with test/harness/write-stored-entries.ts');
});

/** As it was stored: reading it would fill in what it lacks. */
function rawEnvelope(payload: Buffer): unknown {
  return JSON.parse(payload.subarray(0, payload.indexOf('\n')).toString());
}

/** Paths of all fields, `recipients.*.address`, and of all strings and constants with their value, `lane=bulk`. */
function partsOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item) => partsOf(item, `${path}.*`))];
  if (typeof value !== 'object' || value === null) return [path, `${path}=${String(value)}`];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => partsOf(inner, join(path, name)))];
}

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
};

function partsOfSchema(schema: Schema, path = ''): readonly string[] {
  const { properties = {}, items, anyOf = [], oneOf = [], enum: words = [] } = schema;
  return [
    path,
    ...[...words, ...('const' in schema ? [schema.const] : [])].map((word) => `${path}=${String(word)}`),
    ...Object.entries(properties).flatMap(([name, inner]) => partsOfSchema(inner, join(path, name))),
    ...(items === undefined ? [] : partsOfSchema(items, `${path}.*`)),
    ...[...anyOf, ...oneOf].flatMap((inner) => partsOfSchema(inner, path)),
  ];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function catches(filter: string, subject: string): boolean {
  const [wanted, tokens] = [filter.split('.'), subject.split('.')];
  return wanted.length === tokens.length && wanted.every((token, i) => token === '*' || token === tokens[i]);
}
