import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainToASCII, domainToUnicode } from 'node:url';
import fc from 'fast-check';
import { canonicalDomain, isAtOrBelow } from './domain-name.ts';

const spellings: readonly (readonly [given: string, canonical: string | undefined])[] = [
  ['example.com', 'example.com'],
  ['EXAMPLE.Com', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['straße.example', 'xn--strae-oqa.example'],
  ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
  ['a-b.c0.example', 'a-b.c0.example'],
  ['ｅｘａｍｐｌｅ.com', undefined], // wide letters: only a browser takes them for ASCII
  ['exam\u00adple.com', undefined],
  ['exam\tple.com', undefined],
  ['', undefined],
  ['localhost', undefined],
  ['example.com.', undefined],
  ['.example.com', undefined],
  ['a..example', undefined],
  ['-a.example', undefined],
  ['a-.example', undefined],
  ['a_b.example', undefined],
  ['a b.example', undefined],
  ['a.example\n', undefined],
  ['[192.0.2.1]', undefined],
  ['192.0.2.1', undefined],
  ['0x7f.1', undefined],
  ['2130706433.example.1', undefined],
  ['[2001:db8::1]', undefined],
  ['*.example.com', undefined],
  ['a@b.example', undefined],
  ['a/b.example', undefined],
  ['a%2eb.example', undefined],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  [`${'a'.repeat(64)}.example`, undefined],
  [`${'a.'.repeat(126)}a`, `${'a.'.repeat(126)}a`], // 253 octets
  [`${'a.'.repeat(127)}a`, undefined],
  ['a'.repeat(5000), undefined],
];
for (const [given, canonical] of spellings)
  test(`${JSON.stringify(given.slice(0, 40))} is ${canonical?.slice(0, 40) ?? 'refused'}`, () => {
    assert.equal(canonicalDomain(given), canonical);
  });

test('the canonical form is its own canonical form, and only letters, digits, hyphens and dots', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string(), fc.string({ unit: 'grapheme' })), (input) => {
      const canonical = canonicalDomain(input);
      if (canonical === undefined) return;
      assert.equal(canonicalDomain(canonical), canonical);
      assert.match(canonical, /^[a-z0-9.-]{1,253}$/);
    }),
  );
});

test('every domain a registry could hold is accepted, in any case', () => {
  fc.assert(
    fc.property(fc.domain(), (domain) => {
      fc.pre(!/(^|\.)..--/.test(domain)); // fast-check also makes labels that look like A-labels and are none
      assert.equal(canonicalDomain(domain.toUpperCase()), domain.toLowerCase());
    }),
  );
});

// Nearly every name takes a short cut past the conversion: it must say what the conversion says.
test('plain names come out as the conversion would have them', () => {
  const label = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'x', 'n', 'z', '0', '9', '-'), minLength: 0, maxLength: 6 }),
    fc.constantFrom(
      'xn--',
      'xn--bcher-kva',
      'xn--a',
      'axn--b',
      'ab--cd',
      '0x7f',
      '0x',
      '08',
      'a'.repeat(63),
      'a'.repeat(64),
    ),
  );
  const ldh = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), (labels) => {
      const name = labels.join('.');
      const numeric = /^[0-9]+$/.test(labels.at(-1) ?? '');
      const converted = domainToASCII(name);
      const stays = converted === name && domainToUnicode(converted).normalize('NFC') === domainToUnicode(name);
      const good =
        name !== '' && name.length <= 253 && stays && labels.length > 1 && labels.every((one) => ldh.test(one));
      assert.equal(canonicalDomain(name), good && !numeric ? name : undefined, name);
    }),
    { numRuns: 5_000 },
  );
});

test('a name is at or below itself and its parents, not beside them', () => {
  assert.ok(isAtOrBelow('example.com', 'example.com'));
  assert.ok(isAtOrBelow('a.b.example.com', 'example.com'));
  assert.ok(!isAtOrBelow('badexample.com', 'example.com'));
  assert.ok(!isAtOrBelow('example.com', 'a.example.com'));
});
