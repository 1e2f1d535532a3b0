// RFC 3207 §4.2, for us as a server: whoever sits on the line can add commands behind a client's STARTTLS, in clear and in the same
// packet. They must not run under the client's TLS: no reply to any of them, no login, no transaction.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const login = `AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`;
/** Bytes; Node's. */
const readAtOnce = 65_536;
const commands = {
  'a login': `EHLO intruder.test\r\n${login}\r\n`,
  'a whole mail': `EHLO intruder.test\r\n${login}\r\nMAIL FROM:<orders@shop.test>\r\nRCPT TO:<someone@else.test>\r\nDATA\r\nFrom: orders@shop.test\r\n\r\nsmuggled\r\n.\r\n`,
  'the beginning of a mail, to be filled by the client': `MAIL FROM:<orders@shop.test>\r\nRCPT TO:<thief@else.test>\r\nDATA\r\n`,
  'half a command': 'MAIL FROM:<or',
};

let served = 0;

for (const [what, injected] of Object.entries(commands))
  for (const times of [1, 5, 150, 1_000])
    test(`${what}, ${times} times behind STARTTLS: as if it had not been said`, async () => {
      const client = await dial({ port: node.startTlsPort, tls: false });
      await client.reply();
      await client.say('EHLO client.test');
      const inject = injected.repeat(times);
      const secured = await client.startTls(inject).then(
        () => true,
        () => false,
      );
      // More than is read at once runs into the handshake, which then ends the connection: also right.
      assert.ok(secured || inject.length > readAtOnce, 'there is TLS');
      if (!secured) return client.close();
      assert.match((await client.say('EHLO client.test')).text, /^250-relay\.fleet\.test\r\n/, 'the reply is to this');
      assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, '530 5.7.0 Authentication required');
      assert.equal((await client.say(login)).code, 235);
      assert.match(await submitBy(client, 'From: orders@shop.test\r\n\r\nmine\r\n'), /^250 /);
      client.close();
      served += 1;
    });

test('nothing but the clients’ own mail is queued', async () => {
  const stored = await node.stored();
  assert.equal(stored.length, served);
  assert.ok(stored.every(({ body }) => body.toString().endsWith('\r\n\r\nmine\r\n')));
});
