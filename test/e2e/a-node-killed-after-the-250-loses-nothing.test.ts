// RFC 5321 §6.1: with the 250 the mail is ours. A node that dies the moment it has said so has not taken the mail along.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet, type Sent } from '../harness/fleet.ts';

const rounds = 4;
const atOnce = 20;

test('a node killed after the 250 loses nothing', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t);

  for (let round = 0; round < rounds; round++) {
    const former = fleet.pid('node-1');
    const sessions = await Promise.all(Array.from({ length: atOnce }, () => fleet.session(1)));
    // Half-way through the 250s somebody pulls the plug: the last of them was read a moment ago, the next is on its way.
    let accepted = 0;
    const sent = await Promise.all(
      sessions.map(async (session): Promise<Sent> => {
        const mail = await fleet.send({ session });
        if (mail.result.kind === 'accepted' && ++accepted === atOnce / 2) fleet.kill('node-1', 'SIGKILL');
        return mail;
      }),
    );
    assert.ok(accepted >= atOnce / 2, `${accepted} accepted in round ${round}: ${JSON.stringify(sent[0]?.result)}`);
    await fleet.restarted('node-1', former);
  }

  await fleet.allArrived();
  const verdict = fleet.ledger.verdict();
  t.diagnostic(JSON.stringify({ ...verdict, duplicates: verdict.duplicates.length }));
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.unacceptedButDelivered, []);
  assert.ok(verdict.duplicates.length <= rounds * atOnce, `${verdict.duplicates.length} duplicates`);
});
