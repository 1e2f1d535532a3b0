import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxManifestBytes, parseManifest } from './manifest-text.ts';

function problemOf(text: string): string {
  const document = parseManifest(text).find(({ ok }) => !ok);
  return document && !document.ok ? document.problem : '';
}

test('documents are numbered, empty ones passed over', () => {
  const documents = parseManifest('# only a comment\n---\na: 1\n---\n---\nb: 2\n');
  assert.deepEqual(
    documents.map(({ number }) => number),
    [1, 3],
  );
});

test('JSON is YAML', () => {
  assert.deepEqual(parseManifest('{"a": [1, "x"]}'), [{ number: 1, ok: true, value: { a: [1, 'x'] } }]);
});

test('what is wrong is said with its line', () => {
  assert.match(problemOf('a: 1\nb: [1\nc: 2\n'), /not valid YAML: .*line [234]/);
  assert.match(problemOf('a: 1\na: 2\n'), /Map keys must be unique at line 2/);
  assert.match(problemOf('a: \0'), /not text/);
  assert.match(problemOf('x'.repeat(maxManifestBytes + 1)), /larger than 16 MiB; split the file/);
});

test('a good document before a broken one is still read', () => {
  const documents = parseManifest('a: 1\n---\nb: [');
  assert.deepEqual(documents[0], { number: 1, ok: true, value: { a: 1 } });
  assert.equal(documents[1]?.ok, false);
});

test('an alias bomb is refused', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
  ].join('\n');
  assert.match(problemOf(bomb), /alias/i);
});

test('property: any text gives documents or problems, never a throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', '}', '&', '*', '|', '"', '\t') }),
      (text) => {
        for (const document of parseManifest(text)) assert.ok(document.ok || document.problem.length > 0);
      },
    ),
  );
});
