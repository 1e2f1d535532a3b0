import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseManifest } from './manifest-text.ts';
import type { ScannedDirectory } from './scan-directory.ts';
import type { Identified, Validated, Validator } from './schema/validate.ts';
import { absenceMs, settle, type ObjectRecord, type Settlement } from './settle.ts';

const nothing: Settlement = { records: new Map(), refusals: [], absent: new Map() };

/** Objects are `{kind, name, spec}`; a spec with `bad` is refused. */
const validator: Validator = {
  identify(document): Identified {
    const { kind, name } = document as { kind?: string; name?: string };
    return kind && name ? { ok: true, kind, ref: { namespace: 'n', name } } : { ok: false, problem: 'has no name' };
  },
  validate(document): Validated {
    const object = document as { spec: { bad?: unknown } };
    return object.spec.bad === undefined ? { ok: true, object } : { ok: false, problems: ['spec.bad: no'] };
  },
};

function directory(files: Readonly<Record<string, string>>): readonly ScannedDirectory[] {
  const scanned = Object.entries(files).map(([name, text]) => ({ path: `/m/${name}`, documents: parseManifest(text) }));
  return [{ path: '/m', files: scanned }];
}

function look(files: Readonly<Record<string, string>>, before = nothing, now = 1_000): Settlement {
  let count = before.records.size;
  return settle(directory(files), before, { validator, now, newUid: () => `uid-${now}-${++count}` });
}

function only(settled: Settlement): ObjectRecord | undefined {
  return settled.records.get('D/n/a');
}

const good = '{kind: D, name: a, spec: {x: 1}}';

test('a new object gets an identity and keeps it; only a change of the spec raises the generation', () => {
  const first = look({ 'a.yaml': good });
  assert.equal(only(first)?.generation, 1);
  assert.equal(only(first)?.creationTimestamp, '1970-01-01T00:00:01Z');
  const same = look({ 'a.yaml': `# comment\n${good}` }, first, 2_000);
  assert.equal(only(same), only(first), 'the very same record');
  const labelled = look({ 'a.yaml': '{kind: D, name: a, labels: {b: c}, spec: {x: 1}}' }, first, 2_000);
  assert.equal(only(labelled)?.generation, 1);
  const edited = look({ 'b.yaml': '{kind: D, name: a, spec: {x: 2}}' }, labelled, 3_000);
  assert.equal(only(edited)?.generation, 2);
  assert.equal(only(edited)?.uid, only(first)?.uid);
  assert.equal(only(edited)?.creationTimestamp, only(first)?.creationTimestamp);
});

test('the last good form stays in force while the new one is refused', () => {
  const before = look({ 'a.yaml': good });
  const settled = look({ 'a.yaml': '{kind: D, name: a, spec: {bad: 1}}' }, before, 9_000);
  assert.equal(only(settled), only(before));
  assert.deepEqual(settled.refusals, [
    {
      file: '/m/a.yaml',
      document: 1,
      about: { kind: 'D', ref: { namespace: 'n', name: 'a' }, generation: 2 },
      problems: ['spec.bad: no'],
    },
  ]);
});

test('an object that was never good is refused and not in force', () => {
  const settled = look({ 'a.yaml': '{kind: D, name: a, spec: {bad: 1}}' });
  assert.equal(settled.records.size, 0);
  assert.equal(settled.refusals[0]?.about?.generation, 1);
});

for (const [what, text] of [
  ['broken YAML', 'kind: [D'],
  ['a document nobody can attribute', '{kind: D, spec: {x: 1}}'],
  ['broken YAML behind a good document', `${good}\n---\n{kind: D, name: b, spec: {x: 1}}\n---\na: [`],
] as const)
  test(`everything from a file stays in force while it holds ${what}`, () => {
    const before = look({ 'a.yaml': `${good}\n---\n{kind: D, name: c, spec: {x: 1}}` });
    const settled = look({ 'a.yaml': text }, look({ 'a.yaml': text }, before, 5_000), 10_000);
    assert.ok(settled.records.has('D/n/a') && settled.records.has('D/n/c'));
    assert.ok(settled.refusals.every(({ file, problems }) => file === '/m/a.yaml' && problems[0] !== ''));
  });

test('everything from a directory stays in force while it cannot be read', () => {
  const before = look({ 'a.yaml': good });
  const scan = [{ path: '/m', problem: 'cannot be read', files: [] }];
  const first = settle(scan, before, { validator, now: 5_000, newUid: () => 'u' });
  const settled = settle(scan, first, { validator, now: 9_000, newUid: () => 'u' });
  assert.equal(only(settled), only(before));
});

test('an object goes when it stays away, and comes back as another one', () => {
  const before = look({ 'a.yaml': good });
  const gap = look({}, before, 1_100);
  assert.equal(only(gap), only(before), 'an editor that replaces the file');
  assert.equal(only(look({ 'a.yaml': good }, gap, 1_150)), only(before));
  const gone = look({}, gap, 1_100 + absenceMs);
  assert.equal(gone.records.size, 0);
  const again = look({ 'a.yaml': good }, gone, 9_000);
  assert.notEqual(only(again)?.uid, only(before)?.uid);
});

test('a clock that jumps back does not keep an object for ever', () => {
  const before = look({ 'a.yaml': good }, nothing, 1_000_000);
  const gap = look({}, before, 1_000_000);
  assert.equal(look({}, gap, 5).records.size, 0);
});

test('an object defined twice is refused with both places, whoever was first', () => {
  const before = look({ 'a.yaml': good });
  const settled = look({ 'a.yaml': good, 'b.yaml': '{kind: D, name: a, spec: {x: 2}}' }, before);
  assert.equal(only(settled), only(before));
  const problem = settled.refusals[0]?.problems[0] ?? '';
  assert.match(problem, /2 times: \/m\/a\.yaml \(document 1\) and \/m\/b\.yaml \(document 1\); keep one/);
});

test('property: settling the same files again changes nothing, and no edit ever lowers a generation or changes a uid', () => {
  const object = fc.record({ name: fc.constantFrom('a', 'b'), x: fc.integer({ min: 0, max: 2 }), bad: fc.boolean() });
  const files = fc.dictionary(fc.constantFrom('p.yaml', 'q.yaml'), fc.array(object, { maxLength: 2 }));
  fc.assert(
    fc.property(fc.array(files, { minLength: 1, maxLength: 6 }), (edits) => {
      let settled = nothing;
      for (const [index, edit] of edits.entries()) {
        const texts = Object.fromEntries(
          Object.entries(edit).map(([file, objects]) => [
            file,
            objects
              .map(({ name, x, bad }) => JSON.stringify({ kind: 'D', name, spec: bad ? { bad: x } : { x } }))
              .join('\n---\n'),
          ]),
        );
        const before = settled;
        settled = look(texts, before, index * 10);
        assert.deepEqual(look(texts, settled, index * 10).records, settled.records);
        for (const [key, record] of settled.records) {
          const known = before.records.get(key);
          if (known?.uid === record.uid) assert.ok(record.generation >= known.generation);
        }
      }
    }),
  );
});
