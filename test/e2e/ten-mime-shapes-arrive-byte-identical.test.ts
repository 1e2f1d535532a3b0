// Whatever shape a mail has, the receiver gets the very bytes that were submitted, behind one Received line and two signatures
// that both judges accept. The shapes are in corpus/.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrival, fieldsInFront } from '../harness/arrival.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';
import type { OfferedMail } from '../harness/receiver.ts';
import { openSession } from '../harness/submit.ts';
import { shapes } from './corpus/shapes.ts';

test('ten MIME shapes arrive byte-identical', { timeout: 240_000 }, async (t) => {
  assert.ok(shapes.length >= 10);
  const fleet = await startFleet(t);
  const sessions = await Promise.all([1, 2].map((node) => openSession(fleet.listener(node), fleet.login())));
  const arrived: OfferedMail[] = [];
  for (const [i, { name, message, mailParameters }] of shapes.entries()) {
    await t.test(name, async () => {
      const mail = { from: usual.from, to: [usual.to], message, mailParameters };
      const submitted = await sessions[i % 2]!.send(mail);
      assert.equal(submitted.kind, 'accepted', JSON.stringify(submitted));
      const received = await arrival(fleet.receiver, submitted);
      assert.deepEqual(fieldsInFront(received.raw, message)?.toSorted(), [
        'DKIM-Signature',
        'DKIM-Signature',
        'Received',
      ]);
      arrived.push(received);
    });
  }
  for (const session of sessions) session.close();

  const judgements = await judge(arrived, usual.domain, askServer(fleet.ready().dns));
  for (const [i, { dkim, dmarc, dkimpy = [true, true] }] of judgements.entries()) {
    const good = { dkim: ['ed25519-sha256 pass', 'rsa-sha256 pass'], dmarc: 'pass', dkimpy: [true, true] };
    assert.deepEqual({ dkim, dmarc, dkimpy }, good, shapes[i]?.name);
  }
});
