import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeGo } from './go.ts';

test('a Go that is new enough is usable whatever its toolchain setting', () => {
  for (const toolchain of ['auto', 'local', 'go1.26.8', '']) {
    assert.deepEqual(judgeGo('go1.26.8', toolchain, '1.26.0'), { kind: 'usable', version: 'go1.26.8' });
  }
  assert.equal(judgeGo('go1.26', 'local', '1.26.0').kind, 'usable');
});

test('an older Go is usable only where it may fetch a newer one', () => {
  assert.equal(judgeGo('go1.21.0', 'auto', '1.26.0').kind, 'usable');
  assert.equal(judgeGo('go1.24.1', 'local+auto', '1.26.0').kind, 'usable');
  assert.deepEqual(judgeGo('go1.24.1', 'local', '1.26.0'), {
    kind: 'unusable',
    problem: 'go: is 1.24.1, older than 1.26.0',
  });
  assert.equal(judgeGo('go1.19.8', 'auto', '1.26.0').kind, 'unusable');
});

test('something else called go is not usable', () => {
  for (const words of ['', 'the board game', 'devel']) assert.equal(judgeGo(words, 'auto', '1.26.0').kind, 'unusable');
});

test('custom and experimental builds of Go count by their number', () => {
  assert.equal(judgeGo('go1.26.8 X:nodwarf5', 'local', '1.26.0').kind, 'usable');
  assert.equal(judgeGo('go1.27rc1', 'local', '1.26.0').kind, 'usable');
});
