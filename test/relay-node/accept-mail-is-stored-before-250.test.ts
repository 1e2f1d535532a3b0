import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventsOf } from '@relayfleet/jetstream/inspect.ts';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { until } from '../harness/until.ts';

const node = await startAcceptingNode();
after(() => node.stop());

const message =
  'Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.test>\r\n' +
  'From: Orders <orders@shop.test>\r\nSubject: h\xe9llo\r\n\r\n..dot\r\n.\r\n\t8-bit: \xc3\xbc\r\n';

test('a 250 names an entry that is in the stream, with the bytes the client sent behind one Received line', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<bounces@shop.test> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=a+3Db');
  assert.equal(
    (await client.say('RCPT TO:<someone@ELSE.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@else.test')).code,
    250,
  );
  await client.say('DATA');
  client.send(message.replace(/^\./gm, '..'));
  const answer = await client.say('.');
  client.close();

  const [, id] = /^250 2\.0\.0 queued as ([0-9A-Z]{26})$/.exec(answer.text) ?? [];
  assert.ok(id, answer.text);
  const [entry, ...others] = (await node.stored()).filter(({ envelope }) => envelope.id === id);
  assert.ok(entry && others.length === 0);
  const { sender, recipients, ret, envid, destination, domain, platform, kind, acceptedBy, eightBit } = entry.envelope;
  assert.deepEqual(
    { sender, ret, envid, destination, domain, platform, kind, acceptedBy, eightBit },
    {
      sender: 'bounces@shop.test',
      ret: 'HDRS',
      envid: 'a+3Db',
      destination: 'else.test',
      domain: 'shop.test',
      platform: { namespace: 'shop', name: 'orders' },
      kind: 'mail',
      acceptedBy: 'node-0',
      eightBit: true,
    },
  );
  assert.deepEqual(recipients, [
    { n: 0, address: 'someone@else.test', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;x+2By@else.test' },
  ]);
  const received =
    /^Received: from client\.test \(\[127\.0\.0\.1\]\)\r\n\tby relay\.fleet\.test with ESMTPSA id (\w+)\r\n\t\(TLSv1\.3 \w+\);\r\n\t.+ \+0000\r\n/.exec(
      entry.body.toString('latin1'),
    );
  assert.equal(received?.[1], id);
  assert.equal(entry.body.subarray(received?.[0].length).toString('latin1'), message);

  const reader = await node.nats.connect('reader');
  const [event] = await until('the event', async () => {
    const events = await eventsOf(reader, id);
    return events.length > 0 && events;
  });
  assert.ok(event?.type === 'accepted');
  const { size, tls, lane, destinations, recipients: count } = event;
  assert.deepEqual([size, tls, lane, destinations, count], [entry.body.length, 'TLSv1.3', 'transactional', 1, 1]);
  assert.ok(!JSON.stringify(event).includes('@'));
});
