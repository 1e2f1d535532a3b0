import assert from 'node:assert/strict';
import test from 'node:test';
import { missingFields } from './missing-fields.ts';

const by = { id: '01JDCEXAMPLE0000000000000A', domain: 'xn--bcher-kva.test', at: Date.UTC(2026, 10, 3, 4, 5, 6) };
const date = 'Date: Tue, 03 Nov 2026 04:05:06 +0000\r\n';
const messageId = 'Message-ID: <01JDCEXAMPLE0000000000000A@xn--bcher-kva.test>\r\n';

test('what is missing is added, what is there is not', () => {
  assert.equal(missingFields({ date: false, messageId: false }, by), date + messageId);
  assert.equal(missingFields({ date: true, messageId: false }, by), messageId);
  assert.equal(missingFields({ date: false, messageId: true }, by), date);
  assert.equal(missingFields({ date: true, messageId: true }, by), '');
});
