import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { render, replies, repliesByStage, type ReplyKey } from './replies.ts';

const keys = Object.keys(replies) as ReplyKey[];
const sources = globSync('**/*.ts', { cwd: import.meta.dirname })
  .filter((path) => !path.endsWith('.test.ts') && !path.startsWith('replies'))
  .map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
  .join('\n');

test('every reply is given somewhere', () => {
  const unused = keys.filter((key) => !sources.includes(`'${key}'`));
  assert.deepEqual(unused, []);
});

test('no other file spells a reply', () => {
  const spelled = sources.match(/['"`][245]\d\d [245]\.\d{1,3}\.\d{1,3} /g);
  assert.equal(spelled, null);
});

test('every reply has a code and a status of one class, and says what the sender should do', () => {
  for (const key of keys) {
    const { code, status, text } = render({ reply: key, values: { id: 'X', limit: 1 } });
    assert.ok(code >= 200 && code < 600, key);
    assert.equal(status[0], String(code)[0], `${key}: RFC 3463 §3.1: the class repeats the code's first digit`);
    assert.match(text, /^[\x20-\x7e]+$/, `${key}: replies are ASCII`);
    assert.ok(`${code} ${status} ${text}\r\n`.length <= 512, `${key}: RFC 5321 §4.5.3.1.5`);
    assert.ok(replies[key].reason.length > 10 && replies[key].sender.length > 5, key);
  }
});

test('what is wrong with a message has one cure each', () => {
  const wrong = Object.values(repliesByStage)
    .flatMap((stage) => Object.values(stage))
    .filter(({ line }) => /^5\d\d 5\.(?:1\.7|6\.\d+) /.test(line));
  assert.ok(wrong.length > 8);
  assert.equal(new Set(wrong.map(({ sender }) => sender)).size, wrong.length);
});

test('a reply belongs to one stage', () => {
  const staged = Object.values(repliesByStage).flatMap((stage) => Object.keys(stage));
  assert.deepEqual(staged.toSorted(), keys.toSorted());
});

test('placeholders are filled, and one without a value is a bug', () => {
  assert.equal(render({ reply: 'queued', values: { id: 'ABC' } }).text, 'queued as ABC');
  assert.throws(() => render({ reply: 'queued' }), /no value for \{id\}/);
});
