// The small documents: acknowledgement, bootstrap, references, and the parser they share.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import {
  acknowledgementExpiryMs,
  decodeAcknowledgement,
  encodeAcknowledgement,
  heartbeatMs,
  type Acknowledgement,
} from './acknowledgement.ts';
import { parseBootstrap } from './bootstrap.ts';
import { parseRefKey, refKey } from './object-ref.ts';
import { documentVersion, parseJsonWith, parseWith } from './parse.ts';

const plain = { noNullPrototype: true } as const;
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const acknowledgements: fc.Arbitrary<Acknowledgement> = fc.record(
  {
    v: fc.constant(1 as const),
    node: text,
    version: text,
    at: fc.nat(),
    generation: fc.nat(),
    highestSeen: fc.nat(),
    keyIds: fc.array(text, { maxLength: 3 }),
    ready: fc.boolean(),
    problems: fc.array(fc.record({ reason: text, message: text }, plain), { maxLength: 3 }),
    missingHosts: fc.array(fc.record({ domain: text, route: text, host: text }, plain), { maxLength: 3 }),
  },
  {
    ...plain,
    requiredKeys: ['v', 'node', 'version', 'at', 'generation', 'highestSeen', 'keyIds', 'ready', 'problems'],
  },
);

test('an acknowledgement comes back as it was written', () => {
  fc.assert(
    fc.property(acknowledgements, (acknowledgement) => {
      assert.deepEqual(decodeAcknowledgement(encodeAcknowledgement(acknowledgement)), {
        ok: true,
        value: acknowledgement,
      });
    }),
  );
});

test('what is no acknowledgement is refused, and never throws', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeAcknowledgement(bytes).ok, false)));
  const [good] = fc.sample(acknowledgements, 1) as [Acknowledgement];
  for (const change of [{ v: 2 }, { generation: -1 }, { ready: 'yes' }, { node: undefined }])
    assert.equal(decodeAcknowledgement(Buffer.from(JSON.stringify({ ...good, ...change }))).ok, false);
});

test('a node may miss two heartbeats before it counts as gone', () => {
  assert.ok(acknowledgementExpiryMs > 3 * heartbeatMs);
});

const bootstrap = {
  v: 1,
  fleet: { namespace: 'relayfleet-system', name: 'default' },
  fleetUid: 'uid',
  fleetKeys: [{ id: 'k1', key: 'AAAA' }],
  operatorKeys: ['-----BEGIN PUBLIC KEY-----'],
  nats: { url: 'nats://127.0.0.1:4222', username: 'node', password: 'x' },
};

test('a bootstrap document is read, with or without a CA', () => {
  assert.deepEqual(parseBootstrap(JSON.stringify(bootstrap)), { ok: true, value: bootstrap });
  assert.ok(parseBootstrap(JSON.stringify({ ...bootstrap, nats: { ...bootstrap.nats, ca: 'PEM' } })).ok);
});

test('a broken bootstrap document is refused with its field, and without its secrets', () => {
  for (const [change, field] of [
    [{ v: 2 }, /^v: /],
    [{ fleetKeys: [] }, /^fleetKeys: /],
    [{ fleetKeys: [{ id: 'k', key: 'not base64!' }] }, /^fleetKeys\.0\.key: /],
    [{ nats: { url: 'x', username: 'node', password: 5 } }, /^nats\.password: /],
    [{ operatorKeys: undefined }, /^operatorKeys: /],
  ] as const) {
    const parsed = parseBootstrap(JSON.stringify({ ...bootstrap, ...change }));
    assert.match(parsed.ok ? 'accepted' : parsed.problem, field);
    assert.ok(!JSON.stringify(parsed).includes('not base64!'));
  }
  assert.deepEqual(parseBootstrap('{'), { ok: false, problem: 'document: not JSON' });
});

test('a reference is written as kubectl does and read back', () => {
  const part = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);
  fc.assert(
    fc.property(part, part, (namespace, name) => {
      assert.deepEqual(parseRefKey(refKey({ namespace, name })), { namespace, name });
    }),
  );
  for (const key of ['', 'a', '/', 'a/', '/b', 'a/b/c']) assert.equal(parseRefKey(key), undefined, key);
});

test('a problem names the first failing path', () => {
  const schema = z.object({ a: z.array(z.object({ b: z.number() })) });
  assert.deepEqual(parseWith(schema, { a: [{ b: 1 }] }), { ok: true, value: { a: [{ b: 1 }] } });
  const nested = parseWith(schema, { a: [{ b: 1 }, { b: 'x' }] });
  assert.match(nested.ok ? '' : nested.problem, /^a\.1\.b: /);
  const whole = parseWith(schema, 5);
  assert.match(whole.ok ? '' : whole.problem, /^document: /);
  assert.deepEqual(parseJsonWith(schema, '[1'), { ok: false, problem: 'document: not JSON' });
});

test('a version is read from anything without a throw', () => {
  assert.equal(documentVersion({ v: 3, other: 1 }), 3);
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const version = documentVersion(value);
      assert.ok(version === undefined || typeof version === 'number');
    }),
  );
});
