// What a thief adds to a mail he caught is not signed by us: one more Subject, From, Reply-To, To or Content-Type, wherever
// it is put into the header, and both judges refuse both signatures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrival } from '../harness/arrival.ts';
import { findDkimpy } from '../harness/dkimpy.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';

const added = [
  'Subject: You have won',
  'From: Your bank <bank@bank.test>',
  'Reply-To: thief@thief.test',
  'To: everybody@receiver.test',
  'Content-Type: text/html',
];

test('an added header breaks the signature', { timeout: 240_000 }, async (t) => {
  if (findDkimpy() === undefined) return t.skip('dkimpy is not here: apt-get install python3-dkim python3-nacl');
  const fleet = await startFleet(t, { nodes: 1 });
  const { result } = await fleet.send();
  const mail = await arrival(fleet.receiver, result);
  const judged = async (raw: Buffer) =>
    (await judge([{ ...mail, raw }], usual.domain, askServer(fleet.ready().dns)))[0];

  const untouched = await judged(mail.raw);
  assert.deepEqual(untouched?.dkim, ['ed25519-sha256 pass', 'rsa-sha256 pass']);
  assert.deepEqual(untouched?.dkimpy, [true, true]);
  for (const line of added) {
    for (const [where, raw] of Object.entries(withLine(mail.raw, line))) {
      const judgement = await judged(raw);
      const at = `${line}, ${where}`;
      assert.equal(judgement?.dkim.length, 2, at);
      assert.ok(!judgement?.dkim.some((verdict) => verdict.endsWith('pass')), `mailauth: ${at}`);
      assert.deepEqual(judgement?.dkimpy, [false, false], `dkimpy: ${at}`);
    }
  }
});

function withLine(raw: Buffer, line: string): Record<string, Buffer> {
  const headerEnd = raw.indexOf('\r\n\r\n') + 2;
  const insertedAt = (place: number) =>
    Buffer.concat([raw.subarray(0, place), Buffer.from(`${line}\r\n`), raw.subarray(place)]);
  return {
    'on top': insertedAt(0),
    'before From': insertedAt(raw.indexOf('\r\nFrom:') + 2),
    'at the end of the header': insertedAt(headerEnd),
  };
}
