// No mail without a login, no login without TLS, and no telling users and passwords apart: on both listeners of both nodes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { usual } from '../harness/manifests.ts';
import { authPlain, openAnonymously, openInClear, type Session } from '../harness/submit.ts';

const password = 'not-the-password-of-anyone';

test('an unauthenticated client is refused', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const good = fleet.login();
  const code = async (session: Session, line: string) => (await session.command(line)).code;
  const refusesMail = async (session: Session) => {
    assert.equal(await code(session, `MAIL FROM:<${usual.from}>`), 530);
    assert.ok((await code(session, `RCPT TO:<${usual.to}>`)) >= 500);
    assert.ok((await code(session, 'DATA')) >= 500);
  };

  for (const node of [1, 2]) {
    const clear = await openInClear(fleet.listener(node, 'starttls'));
    assert.equal(await code(clear, authPlain(good)), 538, 'the right password, in clear'); // RFC 4954 §6
    await refusesMail(clear);
    clear.close();

    for (const mode of ['implicit', 'starttls'] as const) {
      const session = await openAnonymously(fleet.listener(node, mode), good.ca);
      await refusesMail(session);
      const wrong = await session.command(authPlain({ ...good, password }));
      const unknown = await session.command(authPlain({ user: 'nobody.shop', password }));
      assert.equal(wrong.code, 535);
      assert.equal(unknown.text, wrong.text, 'a user that exists and one that does not get one answer');
      await refusesMail(session);
      session.close();
    }
  }
  assert.equal((await fleet.send()).result.kind, 'accepted', 'and with a login it goes');
  await fleet.allArrived();
  assert.equal(fleet.receiver.taken.length, 1);
});
