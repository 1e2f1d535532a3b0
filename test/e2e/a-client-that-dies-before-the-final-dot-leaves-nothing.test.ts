// RFC 5321 §4.1.1.4: only the whole end of data, CRLF dot CRLF, makes a mail. A client that vanishes before it, be it one
// octet before, has sent none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { markedMessage } from '../harness/ledger.ts';
import { usual } from '../harness/manifests.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';

const endings = { 'in the middle of the text': '', 'after the dot': '.', 'after the carriage return': '.\r' };

test('a client that dies before the final dot leaves nothing', { timeout: 180_000 }, async (t) => {
  const fleet = await startFleet(t);
  const { from, to } = usual;

  for (const ending of Object.values(endings)) {
    const session = await fleet.session(1);
    for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA'])
      assert.match((await session.command(line)).text, /^(250|354) /m);
    const message = markedMessage({ mark: fleet.ledger.newMark(), from, to: [to] });
    await session.write(Buffer.concat([message, Buffer.from(ending)]));
    session.close();
  }

  const whole = await fleet.send();
  assert.equal(whole.result.kind, 'accepted');
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);
  assert.equal(fleet.receiver.taken.length, 1, 'the whole one alone');
});
