import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';
import { domainPolicy, platformPolicy } from '../harness/snapshot.ts';

const node = await startAcceptingNode({
  content: {
    domains: [domainPolicy(), domainPolicy({ domain: 'bank.test' }), domainPolicy({ domain: 'news.test' })],
    platforms: [
      platformPolicy({
        senders: [
          { domain: 'shop.test', localParts: ['*'] },
          { domain: 'news.test', localParts: ['letter'] },
        ],
      }),
    ],
  },
});
after(() => node.stop());

const client = await node.loggedIn();
const send = (header: string, envelope?: { from?: string }) =>
  submitBy(client, `${header}\r\nSubject: x\r\n\r\nhi\r\n`, envelope);

const refused: readonly (readonly [what: string, header: string, from: string, reply: string])[] = [
  [
    'envelope sender of another domain',
    'From: a@shop.test',
    'ceo@bank.test',
    '550 5.7.1 Not authorised to send from this envelope sender',
  ],
  [
    'envelope sender with another local part',
    'From: a@shop.test',
    'ceo@news.test',
    '550 5.7.1 Not authorised to send from this envelope sender',
  ],
  [
    'From of another domain',
    'From: ceo@bank.test',
    'a@shop.test',
    '550 5.7.1 Not authorised to send from the address in the From header',
  ],
  [
    'From with another local part',
    'From: ceo@news.test',
    'letter@news.test',
    '550 5.7.1 Not authorised to send from the address in the From header',
  ],
  [
    'From of another domain, null sender',
    'From: ceo@bank.test',
    '',
    '550 5.7.1 Not authorised to send from the address in the From header',
  ],
  [
    'two From headers',
    'From: a@shop.test\r\nFrom: ceo@bank.test',
    'a@shop.test',
    '550 5.6.0 Message has more than one From header',
  ],
  [
    'two From headers, the second folded away',
    'From: a@shop.test\r\nX: y\r\n z\r\nfROM: ceo@bank.test',
    'a@shop.test',
    '550 5.6.0 Message has more than one From header',
  ],
  [
    'two mailboxes',
    'From: a@shop.test, ceo@bank.test',
    'a@shop.test',
    '550 5.1.7 From must hold exactly one mailbox: Name <local@domain>',
  ],
  [
    'a mailbox as display name',
    'From: ceo@bank.test <a@shop.test>',
    'a@shop.test',
    '550 5.1.7 From must hold exactly one mailbox: Name <local@domain>',
  ],
  [
    'an encoded mailbox',
    'From: =?utf-8?q?ceo=40bank=2Etest?=@shop.test',
    'a@shop.test',
    '550 5.1.7 From must hold exactly one mailbox: Name <local@domain>',
  ],
  ['no From', 'To: a@shop.test', 'a@shop.test', '550 5.6.0 Message has no From header'],
  ['From behind a space before the colon', 'From : a@shop.test', 'a@shop.test', '550 5.6.0 Malformed message header'],
  [
    'Sender of another domain',
    'From: a@shop.test\r\nSender: ceo@bank.test',
    'a@shop.test',
    '550 5.7.1 Not authorised to send with the address in the Sender header',
  ],
];
for (const [what, header, from, reply] of refused)
  test(`refused: ${what}`, async () => assert.equal(await send(header, { from }), reply));

const taken: readonly (readonly [what: string, header: string, from: string])[] = [
  ['any address of a domain bound with *', 'From: "Any One" <any.one+tag@SHOP.test>', 'bounce-123@shop.test'],
  ['the one address of a domain bound so, in any case', 'From: Letter@news.test', 'letter@news.test'],
  ['envelope of one bound domain, From of another', 'From: letter@news.test', 'a@shop.test'],
  ['the null sender', 'From: a@shop.test', ''],
  ['a Sender of one’s own', 'From: letter@news.test\r\nSender: a@shop.test', 'a@shop.test'],
];
for (const [what, header, from] of taken)
  test(`taken: ${what}`, async () => assert.match(await send(header, { from }), /^250 2\.0\.0 queued as/));

test('what was refused is not in the queue', async () => {
  assert.equal((await node.stored()).length, taken.length);
  client.close();
});
