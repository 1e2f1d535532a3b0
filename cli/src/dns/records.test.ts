import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayDomainStatusDnsRecord } from '@relayfleet/contract/api/relay-domain.ts';
import fc from 'fast-check';
import { zoneLine } from './records.ts';

const record: RelayDomainStatusDnsRecord = {
  name: 's._domainkey.shop.test',
  type: 'TXT',
  value: `v=DKIM1; k=rsa; p=${'A'.repeat(392)}`,
  purpose: 'DKIM',
  required: true,
  state: 'Unknown',
};

test('a long key is split into strings that fit', () => {
  const line = zoneLine(record);
  assert.match(line, /^s\._domainkey\.shop\.test\. 3600 IN TXT "v=DKIM1; .*" "A+" ; DKIM$/);
  for (const [, text = ''] of line.matchAll(/"([^"]*)"/g)) assert.ok(text.length <= 255);
});

test('whatever the text, the strings of the line put together are the text', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 600,
      }),
      (value) => {
        const data = zoneLine({ ...record, value }).match(/IN TXT (.*) ; DKIM$/)?.[1] ?? '';
        const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
          text.replaceAll(/\\(.)/g, '$1'),
        );
        assert.equal(strings.join(''), value);
      },
    ),
  );
});
