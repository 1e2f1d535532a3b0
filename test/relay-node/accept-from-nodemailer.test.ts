import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import nodemailer from 'nodemailer';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { usualLogin } from '../harness/snapshot.ts';

const node = await startAcceptingNode();
after(() => node.stop());
const certificate = makeCertificate();
node.present(certificate);

for (const [what, port, secure] of [
  ['implicit TLS', node.implicitPort, true],
  ['STARTTLS', node.startTlsPort, false],
] as const)
  test(`a client library sends over ${what}, verifying our certificate`, async () => {
    const transport = nodemailer.createTransport({
      host: 'localhost',
      port,
      secure,
      requireTLS: true,
      tls: { ca: certificate.ca },
      auth: { user: usualLogin.username, pass: usualLogin.password },
    });
    const info = await transport.sendMail({
      from: { name: 'Zoë, “Orders”', address: 'orders@shop.test' },
      to: ['a@one.test', 'b@two.test'],
      subject: `über ${what}`,
      text: '.\nhello\n.',
      dsn: { id: 'x=1', return: 'headers', notify: ['failure'], recipient: 'c@d.test' },
    });
    transport.close();
    assert.match(info.response, /^250 2\.0\.0 queued as /);
    const id = info.response.split(' ').at(-1);
    const entries = (await node.stored()).filter(({ envelope }) => envelope.id === id);
    assert.deepEqual(
      entries.map(({ envelope }) => envelope.destination),
      ['one.test', 'two.test'],
    );
    assert.deepEqual(entries[0]?.envelope.recipients[0]?.notify, ['FAILURE']);
    assert.deepEqual([entries[0].envelope.ret, entries[0].envelope.envid], ['HDRS', 'x+3D1']);
  });
