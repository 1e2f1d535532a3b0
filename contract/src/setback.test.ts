import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSetback, encodeSetback, setbackCauses } from './setback.ts';

test('a setback comes back as it was written', () => {
  const setbacks = fc.record(
    {
      because: fc.constantFrom(...setbackCauses),
      times: fc.integer({ min: 1, max: 999_999 }),
      since: fc.nat(4_000_000_000_000),
      lastTry: fc.stringMatching(/^[\w.+-]{1,64}$/),
    },
    { noNullPrototype: true, requiredKeys: ['because', 'times', 'since'] },
  );
  fc.assert(fc.property(setbacks, (setback) => assert.deepEqual(decodeSetback(encodeSetback(setback)), setback)));
});

test('what earlier builds wrote is read for ever', () => {
  for (const because of ['defect', 'workers-ended'])
    for (const lastTry of [undefined, '1.2.0-rc.1+build'])
      assert.deepEqual(decodeSetback(`${because} 3 1700000000000${lastTry === undefined ? '' : ` ${lastTry}`}`), {
        because,
        times: 3,
        since: 1_700_000_000_000,
        ...(lastTry !== undefined && { lastTry }),
      });
});

test('what says nothing we know is no setback', () => {
  for (const text of [
    undefined,
    '',
    'defect',
    'defect 0 1',
    'defect -1 1',
    'defect 1 x',
    'weather 1 1',
    'defect 1 1 1 1',
    'defect 1 1 ',
  ])
    assert.equal(decodeSetback(text), undefined, text);
  fc.assert(fc.property(fc.string(), (text) => void decodeSetback(text)));
});
