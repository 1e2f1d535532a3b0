// Exactly one From with exactly one mailbox: of two, readers show the one that nobody checked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { usual } from '../harness/manifests.ts';
import { openSession } from '../harness/submit.ts';

const own = `From: <${usual.from}>`;
const headers: Readonly<Record<string, readonly string[]>> = {
  'the same twice': [own, own],
  'ours, then another’s': [own, 'From: <boss@bank.test>'],
  'another’s, then ours': ['From: <boss@bank.test>', own],
  'the second in capitals, with a blank before the colon': [own, 'FROM : <boss@bank.test>'],
  'the second at the end of the header': [own, 'Subject: x', 'X-Filler: x', 'from: <boss@bank.test>'],
  'two mailboxes in one': [`From: <${usual.from}>, <boss@bank.test>`],
  'two mailboxes of ours in one': [`From: <${usual.from}>, <${usual.from}>`],
  'a group': [`From: shop: <${usual.from}>;`],
  'none at all': ['Subject: x'],
  'an empty one': ['From:'],
  'no address in it': ['From: Shop'],
};

test('two From headers are refused', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, { nodes: 1 });
  const session = await openSession(fleet.listener(1), fleet.login());
  const send = (header: readonly string[]) =>
    session.send({
      from: usual.from,
      to: [usual.to],
      message: Buffer.from([...header, '', 'body', ''].join('\r\n')),
    });
  for (const [name, header] of Object.entries(headers)) {
    const result = await send(header);
    assert.equal(result.kind, 'refused', name);
    assert.match(result.kind === 'refused' ? result.reply : '', /^550 5\.(?:1\.7|6\.0) /, name);
    assert.equal(result.kind === 'refused' ? result.at : '', 'the final dot', name);
  }
  assert.equal((await send([own])).kind, 'accepted', 'one From, one mailbox');
  session.close();
});
