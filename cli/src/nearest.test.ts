import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

const commands = ['local', 'send', 'status', 'dns', 'queue', 'queue ls', 'queue show', 'trace'];

test('a slip of the finger is put right', () => {
  assert.equal(nearest('stauts', commands), 'status');
  assert.equal(nearest('Local', commands), 'local');
  assert.equal(nearest('trac', commands), 'trace');
  assert.equal(nearest('queue list', commands), 'queue ls');
});

test('a word that resembles nothing gets no guess', () => {
  assert.equal(nearest('install', commands), undefined);
  assert.equal(nearest('', commands), undefined);
});
