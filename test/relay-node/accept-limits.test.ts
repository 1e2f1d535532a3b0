import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, submitBy } from '../harness/smtp-dialogue.ts';
import { fleetPolicy } from '../harness/snapshot.ts';

const limits = { maxMessageBytes: 100_000, maxRecipients: 3, maxConnections: 4, connectionsPerDestination: 20 };
const content = { fleet: fleetPolicy({ limits }) };
const node = await startAcceptingNode({ content, bodyMemory: 150_000 });
after(() => node.stop());
afterEach(() => node.hold(content));

const tooBig = '552 5.3.4 Message exceeds the limit of 100000 bytes';
const header = 'From: orders@shop.test\r\n\r\n';
const ofSize = (size: number) =>
  `${header}${'x'.repeat(70)}\r\n`.concat(`${'y'.repeat(98)}\r\n`.repeat(1000)).slice(0, size - 2) + '\r\n';

test('SIZE is offered with the fleet’s limit, and held against MAIL', async () => {
  const client = await node.loggedIn();
  assert.match((await client.say('EHLO client.test')).text, /250[ -]SIZE 100000/);
  assert.equal((await client.say('MAIL FROM:<orders@shop.test> SIZE=100001')).text, tooBig);
  assert.equal((await client.say('MAIL FROM:<orders@shop.test> SIZE=100000')).code, 250);
  client.close();
});

test('a message of the limit is taken, one byte more is not, and the session goes on', async () => {
  const client = await node.loggedIn();
  assert.match(await submitBy(client, ofSize(100_000)), /^250/);
  assert.equal(await submitBy(client, ofSize(100_001)), tooBig);
  assert.equal(await submitBy(client, header + `${'z'.repeat(998)}\r\n`.repeat(190)), tooBig);
  assert.match(await submitBy(client, `${header}hi\r\n`), /^250/);
  client.close();
});

test('a new limit is in force at once', async () => {
  const client = await node.loggedIn();
  node.hold({ fleet: fleetPolicy({ limits: { ...limits, maxMessageBytes: 70_000 } }) });
  assert.equal(await submitBy(client, ofSize(70_001)), '552 5.3.4 Message exceeds the limit of 70000 bytes');
  client.close();
});

test('messages that arrive together share one budget, and give it back', async () => {
  const [first, second] = [await node.loggedIn(), await node.loggedIn()];
  for (const client of [first, second])
    for (const line of ['MAIL FROM:<orders@shop.test>', 'RCPT TO:<a@else.test>', 'DATA']) await client.say(line);
  first.send(ofSize(90_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  second.send(ofSize(90_000));
  assert.equal((await second.say('.')).text, '452 4.3.1 Insufficient resources, try again later');
  assert.match((await first.say('.')).text, /^250/);
  for (let n = 0; n < 3; n += 1) assert.match(await submitBy(second, ofSize(90_000)), /^250/);
  first.close();
  second.close();
});

test('recipients up to the limit are taken, the next is asked to come again', async () => {
  const client = await node.loggedIn();
  await client.say('MAIL FROM:<orders@shop.test>');
  for (const local of ['a', 'b', 'c']) assert.equal((await client.say(`RCPT TO:<${local}@else.test>`)).code, 250);
  const fourth = await client.say('RCPT TO:<d@else.test>');
  assert.equal(fourth.text, '452 4.5.3 Too many recipients, send the rest in another message');
  await client.say('DATA');
  client.send(`${header}hi\r\n`);
  assert.match((await client.say('.')).text, /^250/);
  assert.equal((await node.stored()).at(-1)?.envelope.recipients.length, 3);
  client.close();
});

test('connections up to the limit are served, over all listeners together', async () => {
  const open = [];
  for (let n = 0; n < 4; n += 1) {
    const port = n % 2 ? node.startTlsPort : node.implicitPort;
    const client = await dial({ port, tls: n % 2 === 0, localAddress: `127.0.1.${n + 1}` });
    assert.equal((await client.reply()).code, 220);
    open.push(client);
  }
  const fifth = await dial({ port: node.startTlsPort, tls: false, localAddress: '127.0.1.5' });
  assert.equal((await fifth.reply()).text, '421 Too many connections, try again in a moment');
  await fifth.ended;
  const first = open.shift();
  assert.equal((await first?.say('QUIT'))?.code, 221);
  first?.close();
  await first?.ended;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const again = await dial({ port: node.startTlsPort, tls: false });
  assert.equal((await again.reply()).code, 220);
  for (const client of [...open, again]) client.close();
});

test('without a configuration nobody gets past the greeting', async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  node.hold(undefined);
  const client = await dial({ port: node.startTlsPort, tls: false });
  assert.equal((await client.reply()).text, '421 Not ready yet, try again in a moment');
  await client.ended;
});
