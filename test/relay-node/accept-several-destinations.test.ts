import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { submitBy } from '../harness/smtp-dialogue.ts';
import { domainPolicy } from '../harness/snapshot.ts';

const smarthost = { host: 'relay.partner.test', port: 25, implicitTls: false, tls: 'Require' } as const;
const routes = [
  {
    name: 'partner',
    recipientDomains: ['partner.test', '*.partner.test'],
    via: { kind: 'smarthosts', hosts: [smarthost] },
  },
  { name: 'everything', recipientDomains: [], via: { kind: 'mx' } },
] as const;
const node = await startAcceptingNode({
  content: {
    domains: [
      domainPolicy({
        routes: routes.map((route) => ({
          ...route,
          recipientDomains: [...route.recipientDomains],
          via: route.via.kind === 'mx' ? route.via : { kind: 'smarthosts', hosts: [smarthost] },
        })),
      }),
    ],
  },
});
after(() => node.stop());

const small = 'From: orders@shop.test\r\n\r\nhi\r\n';
const large = `From: orders@shop.test\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(12_000)}`;
const idOf = (reply: string) => /queued as (\w+)/.exec(reply)?.[1];

test('one entry for each destination, one id, one stored body, each recipient once', async () => {
  const client = await node.loggedIn();
  const to = ['a@one.test', 'b@partner.test', 'c@one.test', 'd@sub.partner.test', 'e@two.test'];
  const id = idOf(await submitBy(client, small, { to }));
  client.close();
  const entries = (await node.stored()).filter(({ envelope }) => envelope.id === id);
  assert.deepEqual(
    entries.map(({ envelope: { k, of, destination, recipients } }) => [
      k,
      of,
      destination,
      recipients.map(({ n }) => n),
    ]),
    [
      [0, 3, 'one.test', [0, 2]],
      [1, 3, 'partner.shop.test', [1, 3]],
      [2, 3, 'two.test', [4]],
    ],
  );
  for (const { envelope, body } of entries) {
    assert.equal(envelope.body.kind, 'chunks');
    assert.ok(body.toString().endsWith(small));
  }
});

test('a large mail for one destination is stored in chunks, byte for byte', async () => {
  const client = await node.loggedIn();
  const id = idOf(await submitBy(client, large.slice(0, 900_000) + '\r\n'));
  client.close();
  const entry = (await node.stored()).find(({ envelope }) => envelope.id === id);
  assert.equal(entry?.envelope.body.kind, 'chunks');
  assert.ok(entry.body.toString().endsWith(large.slice(0, 900_000) + '\r\n'));
});
