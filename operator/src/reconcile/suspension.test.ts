import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayDomain } from '../testing/objects.ts';
import { suspendedAnnotation, suspensionOf } from './suspension.ts';

const annotated = (value: string, suspended = false) =>
  suspensionOf(relayDomain('shop/d', { suspended }, { annotations: { [suspendedAnnotation]: value } }));

test('either the field or the annotation is enough, and the annotation gives the reason', () => {
  assert.equal(suspensionOf(relayDomain('shop/d')), null);
  assert.deepEqual(suspensionOf(relayDomain('shop/d', { suspended: true })), { reason: 'spec.suspended is true' });
  assert.deepEqual(annotated('key leaked'), { reason: 'key leaked' });
  assert.deepEqual(annotated('key leaked', true), { reason: 'key leaked' });
});

test('an annotation without a reason counts, one that says false does not undo the field', () => {
  assert.deepEqual(annotated(''), { reason: 'no reason given' });
  assert.deepEqual(annotated('true'), { reason: 'no reason given' });
  assert.equal(annotated('false'), null);
  assert.deepEqual(annotated('false', true), { reason: 'spec.suspended is true' });
});

test('a long reason is cut to what a snapshot holds', () => {
  assert.equal(annotated('x'.repeat(300))?.reason.length, 256);
});
