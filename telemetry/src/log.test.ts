import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';

function capture(level: 'debug' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: createLog({ write, clock: () => 0, level, fields: { node: 'n1' } }) };
}

test('a line holds time, level, message, its own fields and those of its log', () => {
  const { lines, log } = capture();
  log.child({ fleet: 'a/b' }).info('accepted', { size: 5 });
  assert.deepEqual(lines, [
    { at: '1970-01-01T00:00:00.000Z', level: 'info', msg: 'accepted', node: 'n1', fleet: 'a/b', size: 5 },
  ]);
});

test('lines below the level are not written', () => {
  const { lines, log } = capture();
  log.debug('detail');
  assert.equal(lines.length, 0);
});

test('fields named like secrets are never written, at any depth', () => {
  const { lines, log } = capture();
  log.warn('odd', { password: 'hunter2', nats: { natsPassword: 'hunter2', url: 'nats://x' } });
  assert.ok(!JSON.stringify(lines).includes('hunter2'));
  assert.deepEqual(lines[0]?.['nats'], { natsPassword: '[redacted]', url: 'nats://x' });
});

test('what stands deeper in a field is written as on top of it', () => {
  const { lines, log } = capture();
  log.error('failed', { tries: [{ error: new Error('no'), took: 3n }], seen: { by: new Map([['a', 1]]) } });
  assert.deepEqual(lines[0]?.['tries'], [{ error: 'no', took: '3' }]);
  assert.deepEqual(lines[0]?.['seen'], { by: { a: 1 } });
});

test('a list or an object under a secret’s name is no way out', () => {
  const { lines, log } = capture();
  log.warn('odd', { tokens: ['hunter2'], credential: { value: 'hunter2' }, secrets: 2 });
  assert.ok(!JSON.stringify(lines).includes('hunter2'));
  assert.equal(lines[0]?.['secrets'], 2);
});

test('an error is written with its causes', () => {
  const { lines, log } = capture();
  log.error('failed', { error: new Error('cannot read x', { cause: new Error('permission denied') }) });
  assert.equal(lines[0]?.['error'], 'cannot read x: permission denied');
});
