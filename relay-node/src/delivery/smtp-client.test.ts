import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardDeadlines } from './smtp-client.ts';

test('nobody is given up earlier than RFC 5321 §4.5.3.2 allows', () => {
  const minute = 60_000;
  assert.ok(standardDeadlines.greetingMs >= 5 * minute);
  assert.ok(standardDeadlines.envelopeMs >= (5 + 5 + 2) * minute); // MAIL, RCPT and DATA travel together
  assert.ok(standardDeadlines.blockMs >= 3 * minute);
  assert.ok(standardDeadlines.finalMs >= 10 * minute);
});
