import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherLines } from './line-buffer.ts';

test('lines of one turn are one write, in order; the next turn begins anew', () => {
  const written: string[] = [];
  const turns: (() => void)[] = [];
  const { write } = gatherLines(
    (lines) => void written.push(lines),
    (flush) => void turns.push(flush),
  );
  write('a\n');
  write('b\n');
  assert.deepEqual(written, []);
  turns.shift()?.();
  write('c\n');
  turns.shift()?.();
  assert.deepEqual(written, ['a\nb\n', 'c\n']);
  assert.equal(turns.length, 0);
});

test('what is left is written by flush, once', () => {
  const written: string[] = [];
  const { write, flush } = gatherLines(
    (lines) => void written.push(lines),
    () => undefined,
  );
  write('a\n');
  flush();
  flush();
  assert.deepEqual(written, ['a\n']);
});
