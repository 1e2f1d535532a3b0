import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast, minimumServerVersion } from './check-server.ts';

for (const [version, enough] of [
  ['2.15.1', true],
  ['2.15.2', true],
  ['2.15.10', true],
  ['2.16.0', true],
  ['3.0.0', true],
  ['v2.15.1', true],
  ['2.16.0-RC.1', true],
  ['2.15.0', false],
  ['2.14.99', false],
  ['2.9.10', false],
  ['1.99.99', false],
  ['2.15', false],
  ['', false],
  ['unknown', false],
] as const)
  test(`version ${version === '' ? '(none)' : version} is ${enough ? 'new enough' : 'too old'}`, () => {
    assert.equal(isAtLeast(version, minimumServerVersion), enough);
  });
