import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import type { DomainPolicy, SignerKey } from '@relayfleet/contract/snapshot.ts';
import { createKeyring } from './keys.ts';
import { oversignedFields, sign, signatureLifetimeSeconds } from './sign.ts';

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const rsa = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const short = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
const ed25519 = pem(generateKeyPairSync('ed25519').privateKey);

function policy(...signers: SignerKey[]): DomainPolicy {
  const usual = { ref: { namespace: 'a', name: 'b' }, domain: 'example.com', suspended: null };
  return {
    ...usual,
    signers,
    tls: { mode: 'Require', floor: '1.2' },
    routes: [{ name: 'x', recipientDomains: [], via: { kind: 'mx' } }],
  };
}
const both = policy(
  { selector: 'r', algorithm: 'rsa-sha256', privateKey: rsa },
  { selector: 'e', algorithm: 'ed25519-sha256', privateKey: ed25519 },
);
const envelope = { sender: 'a@example.com', recipients: [{ address: 'b@example.net' }] };

async function tags(message: string): Promise<ReadonlyMap<string, string>[]> {
  const keys = createKeyring(({ problem }) => assert.fail(problem))(both);
  const header = (
    await sign({ message: Buffer.from(message), domain: 'example.com', keys, now: 1_700_000_000_999, envelope })
  ).toString();
  const lines = header.split(/\r\n(?! )/).filter((line) => line !== '');
  return lines.map((line) => {
    const value = line.replace('DKIM-Signature: ', '').replaceAll(/\s+/g, '');
    return new Map(value.split(';').map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)]));
  });
}

test('one line per key, in the keys’ order, with a time and an end', async () => {
  const [first, second] = await tags('From: a@example.com\r\n\r\nbody\r\n');
  for (const [line, algorithm, selector] of [
    [first, 'rsa-sha256', 'r'],
    [second, 'ed25519-sha256', 'e'],
  ] as const) {
    assert.deepEqual([line?.get('a'), line?.get('s'), line?.get('d')], [algorithm, selector, 'example.com']);
    assert.deepEqual([line?.get('v'), line?.get('c')], ['1', 'relaxed/relaxed']);
    assert.equal(line?.get('t'), '1700000000');
    assert.equal(Number(line?.get('x')), 1_700_000_000 + signatureLifetimeSeconds);
    assert.equal(line?.has('l'), false); // RFC 6376 §8.2: a length would let text be appended
  }
  assert.equal(first?.get('bh'), second?.get('bh'));
});

test('where the clock is in doubt, the signature holds by either time', async () => {
  const keys = createKeyring(({ problem }) => assert.fail(problem))(both);
  const message = Buffer.from('From: a\r\n\r\n');
  const header = await sign({ message, domain: 'example.com', keys, now: 1_000, latest: 864_000_000, envelope });
  assert.match(header.toString(), new RegExp(` t=1; x=${864_000 + signatureLifetimeSeconds};`));
});

test('every listed field is named once more than it occurs, whatever its case', async () => {
  const [line] = await tags('from: a\r\nFROM : b\r\nTo: c\r\nReceived: d\r\nX-Other: e\r\n\r\n');
  const names = line?.get('h')?.split(':') ?? [];
  const count = (name: string) => names.filter((each) => each === name).length;
  assert.deepEqual(['from', 'to', 'subject', 'reply-to', 'content-type'].map(count), [3, 2, 1, 1, 1]);
  assert.deepEqual(['received', 'x-other', 'dkim-signature'].map(count), [0, 0, 0]);
  assert.equal(new Set(names).size, oversignedFields.length);
});

test('lines stay short', async () => {
  const keys = createKeyring(({ problem }) => assert.fail(problem))(both);
  const header = await sign({ message: Buffer.from('From: a\r\n\r\n'), domain: 'example.com', keys, now: 0, envelope });
  assert.ok(
    header
      .toString()
      .split('\r\n')
      .every((line) => line.length <= 78),
  );
});

test('a broken key is told once and does not stop the others', () => {
  const problems: string[] = [];
  const keysOf = createKeyring(({ problem }) => problems.push(problem));
  const mixed = policy(
    { selector: 'bad', algorithm: 'rsa-sha256', privateKey: 'nonsense' },
    { selector: 'short', algorithm: 'rsa-sha256', privateKey: short },
    { selector: 'other', algorithm: 'rsa-sha256', privateKey: ed25519 },
    { selector: 'good', algorithm: 'ed25519-sha256', privateKey: ed25519 },
  );
  for (let i = 0; i < 2; i++)
    assert.deepEqual(
      keysOf(mixed).map(({ selector }) => selector),
      ['good'],
    );
  assert.deepEqual(
    problems.map((problem) => problem.split(':')[0]),
    ['bad', 'short', 'other'],
  );
  assert.doesNotMatch(problems.join(), /PRIVATE/);
});
