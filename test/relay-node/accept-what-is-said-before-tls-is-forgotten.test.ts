// RFC 3207 §4.2, for us as a server: whoever sits on the line can add commands behind a client's STARTTLS, in clear and in the same
// packet. They must not run under the client's TLS: no reply to any of them, no login, no transaction.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
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
  'a command that is answered at any time': 'NOOP\r\n',
};

let served = 0;

for (const [what, injected] of Object.entries(commands))
  for (const times of [1, 5, 150, 1_000])
    test(`${what}, ${times} times behind STARTTLS: as if it had not been said`, async (t) => {
      const line = await tap(t, node.startTlsPort);
      const client = await dial({ port: line.port, tls: false });
      await client.reply();
      await client.say('EHLO client.test');
      const inject = injected.repeat(times);
      const secured = await client.startTls(inject).then(
        () => true,
        () => false,
      );
      // More than is read at once runs into the handshake, which then ends the connection: also right.
      assert.ok(secured || inject.length > readAtOnce, 'there is TLS');
      if (!secured) {
        await line.ended;
        return assert.equal(inClear(line.heard()), '', 'nothing of it was answered');
      }
      assert.match((await client.say('EHLO client.test')).text, /^250-relay\.fleet\.test\r\n/, 'the reply is to this');
      assert.equal((await client.say('MAIL FROM:<orders@shop.test>')).text, '530 5.7.0 Authentication required');
      assert.equal((await client.say(login)).code, 235);
      assert.match(await submitBy(client, 'From: orders@shop.test\r\n\r\nmine\r\n'), /^250 /);
      assert.equal(inClear(line.heard()), '');
      client.close();
      served += 1;
    });

test('nothing but the clients’ own mail is queued', async () => {
  const stored = await node.stored();
  assert.equal(stored.length, served);
  assert.ok(stored.every(({ body }) => body.toString().endsWith('\r\n\r\nmine\r\n')));
});

type Tap = { readonly port: number; readonly heard: () => Buffer; readonly ended: Promise<void> };

/** Somebody on the line, who passes everything on and keeps what the server says, until it has ended. */
async function tap(t: TestContext, port: number): Promise<Tap> {
  const heard: Buffer[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const onward = connect(port, '127.0.0.1');
    onward.on('data', (bytes: Buffer) => heard.push(bytes)).on('close', () => end());
    onward.pipe(client).on('error', () => onward.destroy());
    client.pipe(onward).on('error', () => client.destroy());
    t.after(() => (client.destroy(), onward.destroy()));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(heard), ended };
}

/** What a server said behind its 220 to STARTTLS that is not a record of TLS. */
function inClear(heard: Buffer): string {
  const granted = heard.indexOf('\r\n220 ');
  assert.ok(granted > 0, 'STARTTLS was granted');
  let at = heard.indexOf('\r\n', granted + 2) + 2;
  // RFC 8446 §5.1: a type from 20 to 23, the version 3.x, the length in two octets.
  while (at + 5 <= heard.length && (heard[at] ?? 0) >= 20 && (heard[at] ?? 0) <= 23 && heard[at + 1] === 3)
    at += 5 + heard.readUInt16BE(at + 3);
  return heard.toString('latin1', Math.min(at, heard.length));
}
