import assert from 'node:assert/strict';
import test from 'node:test';
import { hashChosen, hashGenerated, impossibleSecret, matchesSecret, scryptCost } from './secret-hash.ts';

const salt = Buffer.alloc(16, 7);

test('a generated password matches its own hash and no other', async () => {
  const hash = hashGenerated('correct horse battery staple', salt);
  assert.equal(hash.kind, 'hmac-sha256');
  assert.equal(await matchesSecret(hash, 'correct horse battery staple'), true);
  assert.equal(await matchesSecret(hash, 'correct horse battery stapl'), false);
  assert.equal(
    await matchesSecret({ ...hash, salt: Buffer.alloc(16, 8).toString('base64') }, 'correct horse battery staple'),
    false,
  );
});

test('a chosen password matches its own hash and no other, at the cost the hash names', async () => {
  const hash = await hashChosen('twelve letters', salt);
  assert.equal(await matchesSecret(hash, 'twelve letters'), true);
  assert.equal(await matchesSecret(hash, 'twelve lettres'), false);
  assert.equal(await matchesSecret({ ...hash, n: scryptCost.n / 2 } as typeof hash, 'twelve letters'), false);
});

test('a cost that would eat the memory of a node matches nothing instead', async () => {
  const hash = await hashChosen('twelve letters', salt);
  assert.equal(await matchesSecret({ ...hash, n: 2 ** 24 } as typeof hash, 'twelve letters'), false);
});

test('nothing matches the impossible secret', async () => {
  for (const password of ['', 'a', '\0'.repeat(32)])
    assert.equal(await matchesSecret(impossibleSecret(), password), false);
});
