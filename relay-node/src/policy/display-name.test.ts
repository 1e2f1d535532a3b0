import assert from 'node:assert/strict';
import test from 'node:test';
import { formatMailbox } from '@relayfleet/contract/address.ts';
import fc from 'fast-check';
import { addressesShown } from './display-name.ts';

const shown = (name: string) => addressesShown(name).map((address) => address && formatMailbox(address));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const ceo = ['ceo@bank.example'];

const cases: readonly (readonly [name: string, shown: readonly (string | undefined)[]])[] = [
  ['', []],
  ['Orders', []],
  ['"John Q. Public, 50% off @ 9"', []],
  ['"@shop.example"', []],
  ['"ceo@bank"', []],
  ['=?utf-8?q?Z=C3=BCrich?= Tourismus ✨', []],
  ['"👩‍👩‍👧 Family"', []],
  ['"ceo@bank.example"', ceo],
  ['"Bank (ceo@bank.example)"', ceo],
  ['"\'ceo@bank.example\' via Shop"', ceo],
  ['"ceo@bank.example, or x@y.example"', ['ceo@bank.example', 'x@y.example']],
  ['"ceo@bank.example." of the bank', ceo],
  ['"CEO@BANK.example"', ['CEO@bank.example']],
  ['"ceo\\@bank.example"', ceo],
  ['"<ceo@bank.example>"', ceo],
  ['ceo＠bank.example', ceo],
  ['"ceo﹫bank．example"', ceo],
  ['"ceo\u200b@\u00adbank.ex\u2060ample"', ceo],
  ['=?utf-8?q?ceo=40bank=2Eexample?=', ceo],
  ['=?UTF-8*en?Q?ceo=40bank=2Eexample?=', ceo],
  [`=?utf-8?b?${base64('ceo@bank.example')}?=`, ceo],
  ['=?utf-8?q?ceo=40?= =?iso-8859-1?q?bank=2Eexample?=', ceo],
  ['=?utf-8?q?ceo=40?=\t =?utf-8?b?YmFuay5leGFtcGxl?=', ceo],
  ['"=?utf-8?q?ceo=40bank=2Eexample?="', ceo],
  ['=?utf-8?q?Bank?= "ceo@bank.example"', ceo],
  ['=?utf-7?q?ceo+AEA-bank.example?=', [undefined]],
  ['=?no-such-charset?q?x?=', [undefined]],
  ['"\u202eelpmaxe.knab@oec"', [undefined]],
  ['"ceo@bücher.example"', ['ceo@xn--bcher-kva.example']],
  ['"ceo@b_nk.example"', [undefined]],
];
for (const [name, addresses] of cases)
  test(`${JSON.stringify(name)} shows ${addresses.join(' and ') || 'none'}`, () =>
    assert.deepEqual(shown(name), addresses));

test('property: an address is seen, however its bytes are encoded and whatever stands around it', () => {
  const around = fc.stringMatching(/^[A-Za-z0-9 ]{0,10}$/);
  const spelled = fc.constantFrom<(text: string) => string>(
    (text) => `"${text}"`,
    (text) => `=?utf-8?b?${base64(text)}?=`,
    (text) => `=?us-ascii?q?${Buffer.from(text).toString('hex').replace(/../g, '=$&')}?=`,
  );
  fc.assert(
    fc.property(around, around, spelled, (before, after, spell) => {
      assert.deepEqual(shown(spell(`${before} ceo@bank.example ${after}`)), ceo);
    }),
  );
});

test('reading takes time linear in the length', () => {
  const pieces = ['@', 'a@', 'a@a.', 'a', '=?', '=?a?q?', '?= ', '\\', 'a.', '@a.a', '=?utf-8?q?=40?= '];
  const started = performance.now();
  for (const piece of pieces) addressesShown(piece.repeat(65_000 / piece.length));
  assert.ok(performance.now() - started < 3_000, `${performance.now() - started} ms`);
});
