// A platform sends as the addresses it is bound to and as nobody else: in the envelope, in From and in Sender.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { relayDomain, relayFleet, routeTo, senderPlatform, usual } from '../harness/manifests.ts';
import { openSession } from '../harness/submit.ts';

type Case = { readonly name: string; readonly envelope: string; readonly header: readonly string[] };

const right = `From: Shop <${usual.from}>`;
const refused: readonly Case[] = [
  { name: 'another domain in the envelope', envelope: 'orders@bank.test', header: [right] },
  { name: 'another local part in the envelope', envelope: 'boss@shop.test', header: [right] },
  { name: 'a subdomain in the envelope', envelope: 'orders@mail.shop.test', header: [right] },
  { name: 'another domain in From', envelope: usual.from, header: ['From: <orders@bank.test>'] },
  { name: 'another local part in From', envelope: usual.from, header: ['From: Boss <boss@shop.test>'] },
  { name: 'the right address as display name', envelope: usual.from, header: [`From: "${usual.from}" <a@bank.test>`] },
  { name: 'another domain in Sender', envelope: usual.from, header: [right, 'Sender: <orders@bank.test>'] },
  { name: 'another domain in From, null sender', envelope: '', header: ['From: <orders@bank.test>'] },
  { name: 'a neighbour’s domain', envelope: 'orders@neighbour.test', header: ['From: <orders@neighbour.test>'] },
];

test('a wrong From is refused', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, {
    nodes: 1,
    manifests: (receiver) => [
      relayFleet(),
      relayDomain({ routes: [routeTo(receiver)] }),
      {
        ...relayDomain({ domain: 'neighbour.test', routes: [routeTo(receiver)] }),
        metadata: { namespace: 'neighbour', name: 'neighbour' },
      },
      senderPlatform({ domainRefs: [{ name: 'shop', from: ['orders'] }] }),
    ],
  });
  const session = await openSession(fleet.listener(1), fleet.login());
  const send = (from: string, header: readonly string[]) =>
    session.send({ from, to: [usual.to], message: Buffer.from([...header, 'Subject: x', '', 'x', ''].join('\r\n')) });

  for (const { name, envelope, header } of refused) {
    const result = await send(envelope, header);
    assert.equal(result.kind, 'refused', name);
    assert.match(result.kind === 'refused' ? result.reply : '', /^550 5\.7\.1 /, name);
  }
  assert.equal((await send('', [right])).kind, 'accepted', 'the null sender, with a right From');
  assert.equal((await send('ORDERS@Shop.Test', ['From: Orders@SHOP.test'])).kind, 'accepted', 'case does not matter');
  session.close();
});
