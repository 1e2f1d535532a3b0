import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { followLog, lastLines } from './log-tail.ts';

function logFile(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'log'), text);
  return join(directory, 'log');
}

test('only what comes later is told, each line once and whole', (t) => {
  const file = logFile(t, 'old\n');
  const tail = followLog(file);
  assert.deepEqual(tail.newLines(), []);
  appendFileSync(file, 'one\ntw');
  assert.deepEqual(tail.newLines(), ['one']);
  appendFileSync(file, 'o ü\nthree\n');
  assert.deepEqual(tail.newLines(), ['two ü', 'three']);
  assert.deepEqual(tail.newLines(), []);
});

test('of a flood the latest whole lines are told', (t) => {
  const file = logFile(t, '');
  const tail = followLog(file);
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}`);
  appendFileSync(file, `${lines.join('\n')}\n`);
  const told = tail.newLines();
  assert.equal(told.at(-1), 'line 19999');
  assert.deepEqual(told, lines.slice(-told.length));
  appendFileSync(file, 'next\n');
  assert.deepEqual(tail.newLines(), ['next']);
});

test('a log that is not there yet is empty', (t) => {
  const file = `${logFile(t, '')}.later`;
  const tail = followLog(file);
  assert.deepEqual([tail.newLines(), lastLines(file, 3)], [[], ['']]);
  writeFileSync(file, 'a\nb\nc\nd\n');
  assert.deepEqual(tail.newLines(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(lastLines(file, 3), ['b', 'c', 'd']);
});
