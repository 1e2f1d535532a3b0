import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type Verdict } from './verdict.ts';

const cases: readonly (readonly [code: number | undefined, description: string, verdict: string])[] = [
  [10077, 'maximum bytes exceeded', 'full'],
  [10077, 'maximum messages exceeded', 'full'],
  [10077, 'write /data/1.blk: no space left on device', 'full'],
  [10077, 'stream closed', 'again'],
  [10023, 'insufficient resources', 'full'],
  [10047, 'insufficient storage resources available', 'full'],
  [10002, 'resource limits exceeded for account', 'full'],
  [10054, 'message size exceeds maximum allowed', 'too-large'],
  [10199, 'atomic publish batch is too large: 1000', 'too-large'],
  [10097, 'header size exceeds maximum allowed of 64k', 'too-large'],
  [10201, 'atomic publish batch contains duplicate message id', 'holds-duplicate'],
  [10167, 'too many requests', 'again'],
  [10210, 'atomic publish too many inflight', 'again'],
  [10176, 'atomic publish batch is incomplete', 'again'],
  [10008, 'JetStream system temporarily unavailable', 'again'],
  [10158, 'duplicate message id is in process', 'again'],
  [99999, 'something new', 'again'],
  [undefined, 'timeout', 'again'],
  [undefined, 'maximum bytes exceeded', 'again'], // only a server knows that
];
for (const [code, description, expected] of cases)
  test(`${code ?? 'no code'} ${description} -> ${expected}`, () => {
    assert.equal(inShort(judge({ code, description })), expected);
  });

test('what the server said is kept, for the log', () => {
  assert.deepEqual(judge({ code: 10023, description: 'insufficient resources' }), {
    kind: 'refused',
    reason: 'full',
    detail: 'insufficient resources',
  });
});

function inShort(verdict: Verdict): string {
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
}
