// Every mail the receiver captured is signed twice, RSA and Ed25519, comes from where SPF says, and is aligned: so say
// mailauth and dkimpy, who look the keys up where the operator wants them published.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDkimpy } from '../harness/dkimpy.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';

const mails = 12;

test('mail is signed and aligned at the receiver', { timeout: 240_000 }, async (t) => {
  if (findDkimpy() === undefined) return t.skip('dkimpy is not here: apt-get install python3-dkim python3-nacl');
  const fleet = await startFleet(t);
  for (let i = 0; i < mails; i++) {
    const sent = await fleet.send({ node: 1 + (i % 2), to: i % 3 === 0 ? [usual.to, 'me@other.test'] : [usual.to] });
    assert.equal(sent.result.kind, 'accepted');
  }
  await fleet.allArrived();

  const captured = fleet.receiver.taken;
  assert.ok(captured.length >= mails);
  const judgements = await judge(captured, usual.domain, askServer(fleet.ready().dns));
  for (const judgement of judgements)
    assert.deepEqual(judgement, {
      dkim: ['ed25519-sha256 pass', 'rsa-sha256 pass'],
      spf: 'pass',
      dmarc: 'pass',
      dkimpy: [true, true],
    });
});
