import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compose, forTheWire } from './compose.ts';

test('a test mail is a whole message, its lines ended by CRLF', async () => {
  const message = (
    await compose({ kind: 'text', subject: 'Grüße', text: 'a\nb' }, 'a@b.test', ['c@d.test'])
  ).toString();
  assert.match(message, /^From: a@b\.test\r\n/m);
  assert.match(message, /^To: c@d\.test\r\n/m);
  assert.match(message, /^Message-ID: /m);
  assert.match(message, /\r\n\r\na\r\nb/);
  assert.doesNotMatch(message, /(?<!\r)\n/);
});

test('a file is sent as it is, but for its line ends', async () => {
  const raw = await compose({ kind: 'raw', message: Buffer.from('A: b\n\n\xff.\r\n..\n', 'latin1') }, 'a@b.test', []);
  assert.equal(raw.toString('latin1'), 'A: b\r\n\r\n\xff.\r\n..\r\n');
});

test('no line of a message can end it: undone, the wire gives the message', () => {
  const line = fc.string({ unit: fc.constantFrom('.', 'a', '\r\n') });
  fc.assert(
    fc.property(line, (text) => {
      const wire = forTheWire(Buffer.from(text)).toString();
      assert.ok(wire.endsWith('.\r\n'));
      const lines = wire.slice(0, -'.\r\n'.length).split('\r\n');
      assert.ok(!lines.includes('.'));
      const undone = lines.map((one) => (one.startsWith('.') ? one.slice(1) : one)).join('\r\n');
      assert.equal(undone, text.endsWith('\r\n') ? text : `${text}\r\n`);
    }),
  );
});
