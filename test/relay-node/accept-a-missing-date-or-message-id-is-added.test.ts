// RFC 6409 §8.2, §8.3. The judge of the signature is mailauth.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { sign } from '@relayfleet/relay-node/signing/sign.ts';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';
import { domainPolicy, platformPolicy } from '../harness/snapshot.ts';

const node = await startAcceptingNode({
  content: {
    domains: [domainPolicy(), domainPolicy({ domain: 'xn--bcher-kva.test' })],
    platforms: [
      platformPolicy({
        senders: [
          { domain: 'shop.test', localParts: ['*'] },
          { domain: 'xn--bcher-kva.test', localParts: ['*'] },
        ],
      }),
    ],
  },
});
after(() => node.stop());

const trace = /^Received: .+\r\n(?:\t.+\r\n)+/;
const date = 'Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n';
const messageId = 'Message-ID: <1@shop.test>\r\n';

/** What stands between our trace and the client's bytes, and the id the client was told. */
async function addedTo(message: string, from = 'orders@shop.test'): Promise<{ added: string; id: string }> {
  const client = await node.loggedIn();
  const reply = await submitBy(client, message, { from });
  client.close();
  const id = /queued as (\w+)$/.exec(reply)?.[1] ?? assert.fail(reply);
  const entry = (await node.stored()).find(({ envelope }) => envelope.id === id);
  const stored = (entry?.body.toString('latin1') ?? '').replace(trace, '');
  assert.ok(stored.endsWith(message), 'the client’s bytes are as they were');
  return { added: stored.slice(0, stored.length - message.length), id };
}

test('both, when both are missing: the time of acceptance, and the id the client was told at the From domain', async () => {
  const started = Math.floor(Date.now() / 1000) * 1000;
  const { added, id } = await addedTo('From: orders@shop.test\r\n\r\nhi\r\n');
  const [, when = '', who] = /^Date: (.+)\r\nMessage-ID: <(.+)>\r\n$/.exec(added) ?? assert.fail(added);
  assert.match(when, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/); // RFC 5322 §3.3
  assert.ok(Date.parse(when) >= started && Date.parse(when) <= Date.now());
  assert.equal(who, `${id}@shop.test`);
});

test('only the one that is missing', async () => {
  const rest = 'From: orders@shop.test\r\n\r\nhi\r\n';
  assert.match((await addedTo(date + rest)).added, /^Message-ID: <.+>\r\n$/);
  assert.match((await addedTo(messageId + rest)).added, /^Date: .+\r\n$/);
  assert.equal((await addedTo(date + messageId + rest)).added, '');
});

test('nothing when the field is there, empty, wrong, twice or in another case', async () => {
  for (const header of [
    'Date:\r\nMessage-ID:\r\n',
    'DATE: soon\r\nmessage-id: x\r\n',
    date + date + messageId + messageId,
  ])
    assert.equal((await addedTo(`${header}From: orders@shop.test\r\n\r\nhi\r\n`)).added, '', header);
});

test('a Date in the body, or of somebody else, is none', async () => {
  const message = `Resent-Date: x\r\nFrom: orders@shop.test\r\n\r\n${date}${messageId}`;
  assert.match((await addedTo(message)).added, /^Date: .+\r\nMessage-ID: .+\r\n$/);
});

test('the id is ASCII where the From domain is not', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<> SMTPUTF8');
  await client.say('RCPT TO:<a@else.test>');
  await client.say('DATA');
  client.send(Buffer.from('From: a@bücher.test\r\n\r\nhi\r\n'));
  const id = /queued as (\w+)$/.exec((await client.say('.')).text)?.[1];
  client.close();
  const entry = (await node.stored()).find(({ envelope }) => envelope.id === id);
  assert.match(entry?.body.toString() ?? '', new RegExp(`^Message-ID: <${id}@xn--bcher-kva\\.test>\\r$`, 'm'));
});

test('what was added is covered by the signature', async () => {
  const client = await node.loggedIn();
  await submitBy(client, 'From: orders@shop.test\r\n\r\nhi\r\n');
  client.close();
  const { body, envelope } = (await node.stored()).at(-1) ?? assert.fail();
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = [{ selector: 's', algorithm: 'rsa-sha256', key: privateKey }] as const;
  const signature = await sign({ message: body, domain: 'shop.test', keys, now: Date.now(), envelope });
  const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const verdict = async (message: string) => {
    const { results } = await dkimVerify(Buffer.concat([signature, Buffer.from(message, 'latin1')]), {
      resolver: async () => [[`v=DKIM1; k=rsa; p=${p}`]],
    });
    return results[0]?.status?.result;
  };
  const text = body.toString('latin1');
  assert.equal(await verdict(text), 'pass');
  assert.equal(await verdict(text.replace(/^Date: .*/m, 'Date: Mon, 23 Nov 2020 10:00:00 +0000')), 'fail');
  assert.equal(await verdict(text.replace(/^Message-ID: .*/m, 'Message-ID: <other@shop.test>')), 'fail');
});
