// RFC 3207 §4.2, for us as a client: whoever sits on the line can add replies behind the 220 to STARTTLS, in clear and in the same
// packet. None of them may count as an answer given under TLS: the mail that the real server refuses is refused.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { openSession, type OutgoingMail } from '@relayfleet/relay-node/delivery/smtp-client.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { quickDeadlines } from '../harness/deadlines.ts';

const certificate = makeAuthority().issue('mx.test');
const mail: OutgoingMail = {
  sender: 'from@example.com',
  recipients: [{ address: 'one@to.test' }],
  pieces: [Buffer.from('Subject: x\r\n\r\nhello\r\n')],
  eightBit: false,
  smtputf8: false,
};
const refusal = '550 5.7.1 no mail from you';

/** A server that refuses every sender, behind somebody who adds `injected` to its 220. */
async function startPeer(
  t: TestContext,
  injected: string,
): Promise<{ readonly port: number; readonly heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((plain) => {
    t.after(() => plain.destroy());
    const answers = (socket: Socket) => (line: string) => {
      heard.push(`${socket === plain ? 'clear' : 'TLS'} ${line}`);
      if (line.startsWith('EHLO'))
        socket.write(socket === plain ? '250-mx.test\r\n250 STARTTLS\r\n' : '250 mx.test\r\n');
      else if (line === 'STARTTLS') {
        plain.removeAllListeners('data');
        plain.write(`220 2.0.0 go ahead\r\n${injected}`);
        const secured = new TLSSocket(plain, { isServer: true, ...certificate }).on('error', () => plain.destroy());
        eachLine(secured, answers(secured));
      } else socket.write(`${refusal}\r\n`);
    };
    plain.on('error', () => undefined).write('220 mx.test ESMTP\r\n');
    eachLine(plain, answers(plain));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, heard };
}

function eachLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  socket.on('data', (octets: Buffer) => {
    const lines = (text + octets.toString('latin1')).split('\r\n');
    text = lines.pop() ?? '';
    lines.forEach(take);
  });
}

const replies = {
  nothing: '',
  'an answer to everything': '250 2.0.0 ok\r\n',
  'an EHLO and grants': '250-mx.test\r\n250 SIZE 1\r\n250 ok\r\n354 go\r\n',
};

for (const [what, reply] of Object.entries(replies))
  for (const times of reply === '' ? [1] : [1, 5, 150, 1_000])
    for (const tls of ['Require', 'Opportunistic'] as const)
      test(`${what}, ${times} times behind the 220, ${tls}: not believed`, async (t) => {
        const { port, heard } = await startPeer(t, reply.repeat(times));
        const hop = { host: 'mx.test', port, implicitTls: false, tls, floor: '1.2' } as const;
        const { signal } = new AbortController();
        const request = { hop, address: '127.0.0.1', helloName: 'relay.test', deadlines: quickDeadlines, signal };
        const opened = await openSession(request);
        if (what === 'nothing') assert.ok(opened.ok, 'without the intruder there is a session');
        if (!opened.ok) return assert.match(opened.fact.kind, /^(lost|tls-failed)$/);
        const { facts } = await opened.session.send(mail);
        opened.session.quit();
        assert.deepEqual(facts, [{ kind: 'refused', stage: 'mail', reply: refusal }]);
        if (tls === 'Require') assert.ok(!heard.some((line) => line.startsWith('clear MAIL')), heard.join('; '));
      });
