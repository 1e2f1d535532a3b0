// Load from a generator we did not write: smtp-source speaks neither TLS nor AUTH, so Postfix takes what it sends and passes it on to
// us over as many sessions as it likes. Everything is stored once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { startPostfixClient } from '../harness/postfix-client.ts';
import { usualLogin } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const count = 500;

test(`${count} mails in twenty sessions of smtp-source, through twenty of Postfix, are each stored once`, async (t) => {
  const node = await startAcceptingNode();
  t.after(() => node.stop());
  const certificate = makeCertificate();
  node.present(certificate);
  const listener = { host: '127.0.0.1', port: node.startTlsPort, tls: 'starttls' } as const;
  const login = { user: usualLogin.username, password: usualLogin.password, ca: certificate.ca };
  const postfix = await startPostfixClient(t, listener, login, {
    smtp_destination_concurrency_limit: '20',
    initial_destination_concurrency: '20',
  });
  if (postfix === undefined)
    return t.skip('smtp-source and Postfix take root and: apt-get install postfix libsasl2-modules');

  const { host, port } = postfix.entrance;
  const options = ['-s', '20', '-m', String(count), '-N', '-l', '3000', '-f', 'orders@shop.test', '-t', 'you@one.test'];
  const source = spawn('/usr/sbin/smtp-source', [...options, `${host}:${port}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(source, 'exit');
  assert.equal(code, 0);
  const all = () => Object.values(postfix.counts()).reduce((sum, n) => sum + n, 0) >= count;
  await until(() => JSON.stringify(postfix.counts()), all, { withinMs: 60_000, everyMs: 250 });
  assert.deepEqual(postfix.counts(), { sent: count });

  const stored = await node.stored();
  const recipients = new Set(stored.flatMap(({ envelope }) => envelope.recipients.map(({ address }) => address)));
  assert.deepEqual([stored.length, recipients.size], [count, count]);
});
