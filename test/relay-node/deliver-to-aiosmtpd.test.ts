// A next hop in another language, with its own reading of the standard: what we send arrives there byte for byte, over STARTTLS and
// over TLS from the first byte, logged in, pipelined or not; and where it lacks an extension, the mail is returned undamaged.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Smarthost } from '@relayfleet/contract/snapshot.ts';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { startAiosmtpd, type Aiosmtpd, type AiosmtpdOptions } from '../harness/aiosmtpd.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { dkimRecords, snapshotWith, startRig, usualMail, viaSmarthosts, type Rig } from '../harness/delivery-rig.ts';

const missing = 'aiosmtpd as a next hop takes: apt-get install python3-aiosmtpd';
const authority = makeAuthority();
const certificate = authority.issue('localhost');
const login = { username: 'relay@shop.test', password: 'correct horse battery' };
const dots = Buffer.from(
  'From: info@shop.test\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n \t\r\nlast, without an end',
);

type Scene = { readonly hop: Aiosmtpd; readonly rig: Rig };

async function scene(
  t: TestContext,
  options: AiosmtpdOptions,
  host: Partial<Smarthost> = {},
): Promise<Scene | undefined> {
  const hop = await startAiosmtpd(t, options);
  if (hop === undefined) {
    t.skip(missing);
    return undefined;
  }
  const routes = viaSmarthosts({ host: 'localhost', port: hop.port, ...host });
  return { hop, rig: await startRig(t, snapshotWith({ routes })) };
}

for (const mode of ['starttls', 'implicit'] as const)
  for (const pipelining of [true, false])
    for (const without of [[], ['PLAIN']])
      test(`${mode}, verified, ${pipelining ? '' : 'not '}pipelined, login ${without.length > 0 ? 'LOGIN' : 'PLAIN'}`, async (t) => {
        const options = { tls: { mode, certificate }, login, without, pipelining, smtputf8: true };
        const policy = { implicitTls: mode === 'implicit', tls: 'Verify', ca: authority.ca, auth: login } as const;
        const at = await scene(t, options, policy);
        if (at === undefined) return;
        const { hop, rig } = at;
        await rig.commit(
          { recipients: ['a', 'b', 'c'].map((name, n) => ({ n, address: `${name}@to.test` })), ret: 'HDRS' },
          dots,
        );
        await rig.commit({}, Buffer.concat([usualMail, Buffer.alloc(200_000, '.a line of a larger mail\r\n')]));
        rig.start();
        const mails = await hop.mails(2);
        await rig.entries();
        const [small, large] = [mails.find(({ to }) => to.length === 3), mails.find(({ to }) => to.length === 1)];
        assert.deepEqual(small?.to, ['a@to.test', 'b@to.test', 'c@to.test']);
        assert.ok(small.raw.toString('latin1').endsWith(`${dots.toString('latin1')}\r\n`));
        assert.ok(large !== undefined && large.raw.includes(usualMail));
        for (const { from, options: told, tls, login: as, raw } of mails) {
          assert.deepEqual([from, tls, as], ['info@shop.test', true, login.username]);
          assert.ok(
            told.every((option) => /^(SIZE=\d+|BODY=8BITMIME)$/.test(option)),
            told.join(),
          ); // it offers no DSN
          const { results } = await dkimVerify(raw, { resolver: async (name: string) => [[dkimRecords[name] ?? '']] });
          assert.deepEqual(
            results.map(({ status }) => status.result),
            ['pass', 'pass'],
          );
        }
      });

test('addresses and header in UTF-8 arrive as they are where SMTPUTF8 is offered, and are returned where it is not', async (t) => {
  const recipients = [{ n: 0, address: 'j\u00f6rg@to.test' }];
  const mail = Buffer.from('From: Z\u00fcrich <info@shop.test>\r\nSubject: \u00e9\r\n\r\nGr\u00fc\u00dfe\r\n');
  for (const smtputf8 of [true, false]) {
    const at = await scene(t, { smtputf8 });
    if (at === undefined) return;
    const { hop, rig } = at;
    await rig.commit({ recipients, smtputf8: true, eightBit: true }, mail);
    rig.start();
    const [arrived] = await hop.mails(1);
    await rig.entries();
    if (smtputf8) {
      assert.deepEqual(arrived?.to, ['j\u00f6rg@to.test']);
      assert.ok(arrived.options.includes('SMTPUTF8') && arrived.options.includes('BODY=8BITMIME'));
      assert.ok(arrived.raw.subarray(-mail.length).equals(mail));
    } else {
      assert.deepEqual([arrived?.from, arrived?.to], ['', ['info@shop.test']]); // the notice
      assert.match(arrived?.raw.toString() ?? '', /^Status: 5\.6\.7$/m); // RFC 6531 §3.5
    }
  }
});

test('its refusals reach the recipients they are about, and a mail over its limit is not sent', async (t) => {
  const refuses = { 'gone@to.test': '550 5.1.1 no such user', 'full@to.test': '452 4.2.2 mailbox full' };
  const at = await scene(t, { refuses, sizeLimit: 50_000 });
  if (at === undefined) return;
  const { hop, rig } = at;
  const names = ['one', 'gone', 'full'];
  const mixed = await rig.commit({ recipients: names.map((name, n) => ({ n, address: `${name}@to.test` })) });
  const large = await rig.commit({}, Buffer.concat([usualMail, Buffer.alloc(60_000, 'a line of text\r\n')]));
  rig.start({ retryDelays: [3_600_000] });
  const mails = await hop.mails(3);
  assert.deepEqual(
    mails.filter(({ from }) => from !== '').map(({ to }) => to),
    [['one@to.test']],
  );
  const attempts = (await rig.events('attempted', 4)).filter(({ id }) => [mixed.id, large.id].includes(id));
  const results = (id: string) =>
    attempts.find((event) => event.id === id)?.results.map(({ outcome, status }) => [outcome, status]);
  assert.deepEqual(results(mixed.id), [
    ['delivered', '2.0.0'],
    ['bounced', '5.1.1'],
    ['deferred', '4.2.2'],
  ]);
  assert.deepEqual(results(large.id), [['bounced', '5.3.4']]);
});

test('a login it does not know leaves the mail waiting', async (t) => {
  const wrong = { ...login, password: 'wrong' };
  const policy = { tls: 'Require', ca: authority.ca, auth: wrong } as const;
  const at = await scene(t, { tls: { mode: 'starttls', certificate }, login }, policy);
  if (at === undefined) return;
  const { rig } = at;
  await rig.commit();
  rig.start({ retryDelays: [3_600_000] });
  const [attempt] = await rig.events('attempted', 1);
  const [result] = attempt?.results ?? [];
  assert.deepEqual([result?.outcome, result?.code], ['deferred', 535]);
  await rig.entries('deferred');
});
