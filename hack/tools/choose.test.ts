import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose } from './choose.ts';
import type { Evidence, Probe } from './choose.ts';
import { parseVersion } from './version.ts';

const found = (path: string, text: string): Probe => {
  const version = parseVersion(text);
  assert.ok(version);
  return { kind: 'version', path, version };
};
const broken: Probe = { kind: 'unusable', path: '/a/broken', problem: 'gave no answer within 10 s' };

const bare: Evidence = {
  minimum: '2.15.1',
  onPath: [],
  cached: [],
  go: { kind: 'unusable', problem: 'go: not found' },
  releaseOffered: false,
};
const withGo: Evidence = { ...bare, go: { kind: 'usable', version: 'go1.26.8' } };

test('what is on PATH and new enough comes before everything else', () => {
  const { decision, passedOver } = choose({
    ...withGo,
    onPath: [found('/a/nats', '2.15.1')],
    cached: [found('/cache/nats', '2.15.2')],
    releaseOffered: true,
  });
  assert.deepEqual(decision, { use: 'path', path: '/a/nats', version: parseVersion('2.15.1') });
  assert.deepEqual(passedOver, []);
});

test('an old or broken one on PATH is passed over with its reason, for a later one on PATH', () => {
  const { decision, passedOver } = choose({
    ...withGo,
    onPath: [found('/a/nats', '2.9.10'), broken, found('/b/nats', '2.16.0'), found('/c/nats', '2.17.0')],
  });
  assert.deepEqual(decision, { use: 'path', path: '/b/nats', version: parseVersion('2.16.0') });
  assert.deepEqual(passedOver, ['/a/nats is 2.9.10, older than 2.15.1', '/a/broken: gave no answer within 10 s']);
});

test('then the cache, unless it is broken', () => {
  const cached = [found('/cache/nats', '2.15.2')];
  assert.equal(choose({ ...withGo, onPath: [broken], cached }).decision.use, 'cache');
  assert.equal(choose({ ...bare, cached }).decision.use, 'cache');
  assert.equal(choose({ ...withGo, cached: [broken] }).decision.use, 'build');
});

test('then a build where there is Go, a release where there is none, else nothing', () => {
  assert.equal(choose({ ...withGo, releaseOffered: true }).decision.use, 'build');
  assert.equal(choose({ ...bare, releaseOffered: true }).decision.use, 'release');
  assert.equal(choose(bare).decision.use, 'nothing');
});

test('a release candidate of the minimum is not the minimum', () => {
  assert.equal(choose({ ...bare, onPath: [found('/a/nats', '2.15.1-RC.2')] }).decision.use, 'nothing');
});
