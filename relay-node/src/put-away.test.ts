import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insist } from './put-away.ts';

/** A step that fails this many times. */
function failing(times: number, how: () => Promise<{ readonly ok: false; reason: 'full'; detail: string }>) {
  const seen: string[] = [];
  const step = async () => (seen.length < times ? how() : ({ ok: true, is: 'done' } as const));
  const deps = {
    report: { queueProblem: (what: string) => void seen.push(what) },
    signal: new AbortController().signal,
  };
  return { seen, insist: () => insist('step', step, deps as unknown as Parameters<typeof insist>[2]) };
}

test('a step is repeated whatever keeps NATS from doing it', async () => {
  const refused = failing(1, async () => ({ ok: false, reason: 'full', detail: '' }));
  assert.deepEqual(await refused.insist(), { ok: true, is: 'done' });
  const away = failing(1, async () => Promise.reject(new Error('the connection ended')));
  assert.deepEqual(await away.insist(), { ok: true, is: 'done' });
  assert.deepEqual([refused.seen, away.seen], [['step'], ['step']]);
});

test('a defect of ours ends it: repeated for ever it would hold a slot, and no release could be waited for', async () => {
  const defects = {
    TypeError: () => (undefined as unknown as Buffer).length,
    RangeError: () => Buffer.alloc(-1),
    SyntaxError: () => JSON.parse('no'),
    ReferenceError: () => {
      throw new ReferenceError('before its declaration');
    },
    AssertionError: () => assert.fail(),
  };
  for (const [name, defect] of Object.entries(defects)) {
    const { insist: run, seen } = failing(1, async () => defect() as never);
    await assert.rejects(run(), { name });
    assert.deepEqual(seen, []);
  }
});
