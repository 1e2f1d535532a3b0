// Whatever shape a mail has, the receiver gets the very bytes that were submitted, behind one Received line and two signatures
// that both judges accept. The shapes are in corpus/.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrival, fieldsInFront } from '../harness/arrival.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';
import { openSession, type Session, type Submitted } from '../harness/submit.ts';
import { shapes, type Shape } from './corpus/shapes.ts';

test('mail of any shape arrives byte-identical', { timeout: 240_000 }, async (t) => {
  assert.ok(shapes.length >= 60, `${shapes.length} shapes`);
  const fleet = await startFleet(t);
  const sessions = await Promise.all([1, 2].map((node) => openSession(fleet.listener(node), fleet.login())));
  const answers = await Promise.all(
    sessions.map((session, i) =>
      submitEach(
        session,
        shapes.filter((_, n) => n % 2 === i),
      ),
    ),
  );
  const submitted = new Map(answers.flat());
  for (const session of sessions) session.close();

  const arrived = await Promise.all(shapes.map((shape) => arrival(fleet.receiver, submitted.get(shape)!)));
  const judgements = await judge(arrived, usual.domain, askServer(fleet.ready().dns));
  for (const [i, { name, message, to }] of shapes.entries())
    await t.test(name, () => {
      const { raw, to: recipients } = arrived[i]!;
      assert.deepEqual(recipients, to ?? [usual.to]);
      const front = fieldsInFront(raw, asTransmitted(message))?.toSorted();
      assert.deepEqual(front, ['DKIM-Signature', 'DKIM-Signature', 'Received']);
      const { dkim, dmarc, dkimpy = [true, true] } = judgements[i]!;
      const good = { dkim: ['ed25519-sha256 pass', 'rsa-sha256 pass'], dmarc: 'pass', dkimpy: [true, true] };
      assert.deepEqual({ dkim, dmarc, dkimpy }, good);
    });
});

async function submitEach(session: Session, mine: readonly Shape[]): Promise<readonly (readonly [Shape, Submitted])[]> {
  const answers: [Shape, Submitted][] = [];
  for (const shape of mine) {
    const { message, mailParameters, to = [usual.to] } = shape;
    const answer = await session.send({ from: usual.from, to, message, mailParameters });
    assert.equal(answer.kind, 'accepted', `${shape.name}: ${JSON.stringify(answer)}`);
    answers.push([shape, answer]);
  }
  return answers;
}

/** RFC 5321 §4.1.1.4: the line end before the final dot is part of the message. */
function asTransmitted(message: Buffer): Buffer {
  return message.subarray(-2).equals(Buffer.from('\r\n')) ? message : Buffer.concat([message, Buffer.from('\r\n')]);
}
