// The receiving server of a local fleet over real SMTP and DNS: what it stores, how it judges, what it refuses on demand.
// Mails are signed by mailauth, so that nothing of ours judges its own work.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { createTransport } from 'nodemailer';
import { startDnsServer } from '../../cli/src/local/dns/server.ts';
import { findReceipt, openMailbox, type Receipt } from '../../cli/src/local/receiver/mailbox.ts';
import { startReceiver } from '../../cli/src/local/receiver/server.ts';
import { isVerified, verifyMail } from '../../cli/src/local/receiver/verify.ts';
import { issueAuthority } from '../../operator/src/mint/certificate.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const published = [
  { name: 'k._domainkey.shop.test', type: 'TXT', value: `v=DKIM1; k=rsa; p=${p}` },
  { name: 'shop.test', type: 'TXT', value: 'v=spf1 ip4:127.0.0.1 -all' },
  { name: '_dmarc.shop.test', type: 'TXT', value: 'v=DMARC1; p=reject' },
];
const body = [
  'Received: from app by node-1 with ESMTPSA',
  '\tid 01K8ZC6YB3V4WQ0N2M7T5RXH9E; Mon, 02 Nov 2026 10:00:00 +0000',
  'From: orders@shop.test',
  'To: you@receiver.test',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  '',
  '.a line that starts with a dot, and 8-bit: grüße',
  '',
].join('\r\n');

test('a signed mail is stored byte for byte, with its envelope and a verdict that holds', async (t) => {
  const { send, receipts, directory } = await receiver(t);
  const mail = await signed();
  const reply = await send(mail, ['you@receiver.test', 'them@receiver.test']);
  assert.equal(reply, '250 2.6.0 stored as 01K8ZC6YB3V4WQ0N2M7T5RXH9E');
  const [receipt] = receipts();
  assert.deepEqual(receipt?.envelope.to, ['you@receiver.test', 'them@receiver.test']);
  assert.equal(receipt?.envelope.from, 'orders@shop.test');
  assert.match(receipt?.client.tls ?? '', /^TLSv1\.[23]$/);
  assert.deepEqual(readFileSync(join(directory, '000001.eml')), mail);
  assert.deepEqual([receipt?.size, receipt?.sha256], [mail.length, createHash('sha256').update(mail).digest('hex')]);
  assert.deepEqual(
    receipt?.verdicts.dkim.map(({ result, aligned }) => [result, aligned]),
    [['pass', true]],
  );
  assert.deepEqual([receipt?.verdicts.spf.result, receipt?.verdicts.dmarc.result], ['pass', 'pass']);
  assert.equal(isVerified(receipt.verdicts), true);
  const found = await findReceipt(directory, '01K8ZC6YB3V4WQ0N2M7T5RXH9E');
  assert.equal(found?.file, join(directory, '000001.eml'));
});

test('a mail that was changed, is not signed, or comes from elsewhere is stored and judged so', async (t) => {
  const { send, receipts } = await receiver(t);
  const changed = Buffer.from((await signed()).toString('latin1').replace('.a line', '.b line'), 'latin1');
  await send(changed, ['you@receiver.test']);
  await send(Buffer.from(body), ['you@receiver.test']);
  await send(Buffer.from(body.replace('From: orders@shop.test', 'From: orders@bank.test')), ['you@receiver.test']);
  const verdicts = receipts().map((receipt) => receipt.verdicts);
  assert.deepEqual(verdicts.map(isVerified), [false, false, false]);
  assert.equal(verdicts[0]?.dkim[0]?.result, 'fail');
  assert.deepEqual(verdicts[1]?.dkim, []);
  assert.equal(verdicts[2]?.dmarc.result, 'none'); // nobody publishes a policy for bank.test
});

test('a recipient that is a reply code gets that reply', async (t) => {
  const { send, receipts } = await receiver(t);
  await assert.rejects(send(Buffer.from(body), ['550@receiver.test']), { responseCode: 550 });
  await assert.rejects(send(Buffer.from(body), ['451@receiver.test']), { responseCode: 451 });
  assert.deepEqual(receipts(), []);
});

test('numbers go on after a restart', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-mailbox-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const expected of ['000001.eml', '000002.eml']) {
    const { send, close } = await receiver(t, directory);
    await send(Buffer.from(body), ['you@receiver.test']);
    await close();
    assert.equal(
      readdirSync(directory)
        .filter((name) => name.endsWith('.eml'))
        .at(-1),
      expected,
    );
  }
});

async function signed(): Promise<Buffer> {
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const by = { signingDomain: 'shop.test', selector: 'k', privateKey: key };
  const { signatures } = await dkimSign(body, { ...by, signatureData: [by] });
  return Buffer.concat([Buffer.from(signatures), Buffer.from(body)]);
}

async function receiver(t: TestContext, directory = mkdtempSync(join(tmpdir(), 'relayfleet-receiver-'))) {
  const host = '127.0.0.1';
  const dns = await startDnsServer({ host, port: 0, zone: () => ({ published }) });
  const resolver = new Resolver();
  resolver.setServers([`${host}:${dns.port}`]);
  const server = await startReceiver({
    host,
    port: 0,
    name: 'mx.receiver.test',
    tls: certificate(),
    mailbox: await openMailbox(directory),
    verify: (raw, conversation) =>
      verifyMail(raw, conversation, (name, type) => resolver.resolve(name, type) as Promise<string[]>),
    onReceived: () => undefined,
    onProblem: (problem) => assert.fail(problem),
    now: Date.now,
  });
  const close = async (): Promise<void> => {
    await server.close();
    await dns.close();
  };
  let closed = false;
  const closeOnce = async (): Promise<void> => {
    if (!closed) await close();
    closed = true;
  };
  t.after(async () => {
    await closeOnce();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    close: closeOnce,
    receipts: () =>
      readdirSync(directory)
        .filter((name) => name.endsWith('.json'))
        .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Receipt),
    send: async (raw: Buffer, to: readonly string[]) => {
      const transport = createTransport({
        host,
        port: server.port,
        requireTLS: true,
        tls: { rejectUnauthorized: false },
      });
      try {
        return (await transport.sendMail({ envelope: { from: 'orders@shop.test', to: [...to] }, raw })).response;
      } finally {
        transport.close();
      }
    },
  };
}

function certificate(): { cert: string; key: string } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 3_600_000) };
  const facts = { commonName: 'mx.receiver.test', publicKey: pair.publicKey, validity, serial: randomBytes(16) };
  return {
    cert: issueAuthority(facts, pair.privateKey),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
