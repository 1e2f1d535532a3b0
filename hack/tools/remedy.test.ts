import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { describeMissing } from './remedy.ts';

const missing = catalogue
  .filter((tool) => tool.name === 'nats-server')
  .map((tool) => ({ tool, tried: ['no nats-server on PATH', 'go: not found'] }));

test('without Go, the remedy is the tool or Go', () => {
  const text = describeMissing(missing, { kind: 'unusable', problem: 'go: not found' }, '1.26.0');
  assert.match(text, /^nats-server >= 2\.15\.1 is missing and could not be obtained:\n {2}- no nats-server on PATH\n/);
  assert.match(text, /put nats-server >= 2\.15\.1 on PATH/);
  assert.match(text, /install Go 1\.26 or newer/);
});

test('with Go, nobody is told to install it', () => {
  const text = describeMissing(missing, { kind: 'usable', version: 'go1.26.8' }, '1.26.0');
  assert.doesNotMatch(text, /install Go/);
  assert.match(text, /go env GOPROXY/);
});
