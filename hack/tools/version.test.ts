import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatVersion, isAtLeast, parseVersion, readVersion } from './version.ts';
import type { Version } from './version.ts';

const version = (text: string): Version => {
  const parsed = parseVersion(text);
  assert.ok(parsed, `${text} is a version`);
  return parsed;
};

test('reads the forms that tools and Go print', () => {
  assert.deepEqual(version('v1.36.3'), { major: 1, minor: 36, patch: 3, preRelease: '' });
  assert.deepEqual(version('1.26'), { major: 1, minor: 26, patch: 0, preRelease: '' });
  assert.deepEqual(version('3.6.0-rc.1+abc'), { major: 3, minor: 6, patch: 0, preRelease: 'rc.1' });
});

test('reads nothing into what is no version', () => {
  for (const text of ['', 'v', '1', '1.2.3.4', '1.2.x', ' 1.2.3', 'v0.0.0-master+$Format:%H$', '9'.repeat(400)]) {
    assert.equal(parseVersion(text), undefined, text);
  }
});

test('orders by number, not by text, and a pre-release before its release', () => {
  const rising = ['1.9.9', '1.30.0-rc.1', '1.30.0', '1.32.4-dispatcher', '1.32.4', '2.15.1', '2.15.10'];
  for (const [position, low] of rising.entries()) {
    for (const high of rising.slice(position)) assert.ok(isAtLeast(version(high), version(low)), `${high} >= ${low}`);
    for (const high of rising.slice(position + 1)) {
      assert.ok(!isAtLeast(version(low), version(high)), `not ${low} >= ${high}`);
    }
  }
});

test('what is formatted reads back as the same version', () => {
  const part = fc.nat(999_999_999);
  fc.assert(
    fc.property(part, part, part, fc.stringMatching(/^([0-9A-Za-z.-]{1,12})?$/), (major, minor, patch, preRelease) => {
      const one = { major, minor, patch, preRelease };
      assert.deepEqual(parseVersion(formatVersion(one)), one);
    }),
  );
});

test('finds the version in a program’s output by the pattern', () => {
  assert.equal(readVersion('noise\nname: v1.2\n', /^name: v(\S+)/m)?.minor, 2);
  assert.equal(readVersion('name: unknown', /^name: v(\S+)/m), undefined);
  assert.equal(readVersion('name: v?', /^name: v(\S+)/m), undefined);
});
