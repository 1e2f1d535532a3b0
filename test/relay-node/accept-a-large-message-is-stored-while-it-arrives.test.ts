// What becomes of a message that is larger than what a queue entry holds: its bytes are in the body stream before its final dot, unless
// its header is refused. The reply comes after the dot all the same, and is the one a small message gets.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseBodySubject, streams } from '@relayfleet/contract/subjects.ts';
import { jetstreamManager } from '@nats-io/jetstream';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import type { Dialogue } from '../harness/smtp-dialogue.ts';
import { fleetPolicy, snapshotContent } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const limits = { ...fleetPolicy().limits, maxMessageBytes: 5_000_000 };
const fleet = fleetPolicy({ limits });
const node = await startAcceptingNode({ content: { fleet } });
const manager = await jetstreamManager((await node.nats.connect('operator')).nc);
after(() => node.stop());

const header = 'From: orders@shop.test\r\nSubject: large\r\n\r\n';
const block = (megabytes: number) => `${'x'.repeat(98)}\r\n`.repeat(megabytes * 10_000);

/** Chunks in the body stream, and how many of them are noted. */
async function stored(): Promise<{ chunks: number; noted: number }> {
  const { state } = await manager.streams.info(streams.bodies, { subjects_filter: '>' });
  const subjects = Object.keys(state.subjects ?? {});
  const noted = subjects.flatMap((subject) => parseBodySubject(subject)?.sequences ?? []);
  return { chunks: subjects.filter((subject) => !subject.includes('.at.')).length, noted: noted.length };
}

async function inData(message: string, to = ['a@else.test']): Promise<Dialogue> {
  const client = await node.loggedIn();
  const commands = ['MAIL FROM:<orders@shop.test>', ...to.map((address) => `RCPT TO:<${address}>`), 'DATA'];
  for (const line of commands) await client.say(line);
  client.send(message);
  return client;
}

test('chunks are stored and noted as they fill; the entry comes with the dot', async () => {
  const client = await inData(header + block(3));
  await until('two chunks', async () => (await stored()).noted >= 2);
  assert.equal((await node.stored()).length, 0);
  assert.match((await client.say('.')).text, /^250 /);
  const [only] = await node.stored();
  assert.ok(only !== undefined && only.body.toString().endsWith(header + block(3)));
  assert.match(only.body.toString('latin1', 0, 400), /^Received: [^]*\r\nDate: [^]*\r\nMessage-ID: </);
  const { body, id } = only.envelope;
  assert.ok(body.kind === 'chunks' && body.size === only.body.length && body.relaxedHash !== undefined);
  assert.ok(only.body.includes(`id ${id}`), 'the id in its trace line is its own');
  assert.deepEqual(await stored(), { chunks: 4, noted: 4 });
  client.close();
});

test('several destinations share the body', async () => {
  const before = await stored();
  const client = await inData(header + block(1), ['a@one.test', 'b@two.test']);
  assert.match((await client.say('.')).text, /^250 /);
  const entries = (await node.stored()).slice(-2);
  assert.deepEqual(entries[0]?.envelope.body, entries[1]?.envelope.body);
  assert.equal((await stored()).chunks, before.chunks + 2);
  client.close();
});

for (const [what, message, reply] of [
  ['by its header', `From: somebody@else.test\r\n\r\n${block(3)}`, /^550 5\.7\.1 /],
  [
    'by the size of its header',
    `${`X: ${'y'.repeat(90)}\r\n`.repeat(30_000)}\r\n`,
    /^550 5\.6\.0 Message header exceeds/,
  ],
] as const)
  test(`what is refused ${what} is not stored`, async () => {
    const before = await stored();
    const client = await inData(message);
    assert.match((await client.say('.')).text, reply);
    assert.deepEqual(await stored(), before);
    client.close();
  });

for (const [what, message, reply] of [
  [
    'a defect',
    `${header}${block(2)}bare\nline\r\n${block(1)}`,
    '550 5.6.11 Line feed without carriage return in the message',
  ],
  ['its size', header + block(6), '552 5.3.4 Message exceeds the limit of 5000000 bytes'],
  [
    'a defect, though its header is refused as well',
    `From: x@else.test\r\n\r\n${block(1)}a\nb\r\n`,
    '550 5.6.11 Line feed without carriage return in the message',
  ],
] as const)
  test(`what is refused for ${what} is answered so after its dot, and queues nothing`, async () => {
    const before = (await node.stored()).length;
    const client = await inData(message);
    assert.equal((await client.say('.', 30_000)).text, reply);
    assert.equal((await node.stored()).length, before);
    const { chunks, noted } = await stored();
    assert.equal(noted, chunks, 'all that was stored of it can be overwritten');
    client.close();
  });

test('a platform suspended in the middle of its message is refused at the end of it', async () => {
  const before = (await node.stored()).length;
  const client = await inData(header + block(2));
  const { platforms } = snapshotContent();
  node.hold({ fleet, platforms: platforms.map((platform) => ({ ...platform, suspended: { reason: 'x' } })) });
  assert.match((await client.say('.')).text, /^550 /);
  node.hold({ fleet });
  assert.equal((await node.stored()).length, before);
  client.close();
});

test('a client that goes away in the middle leaves no entry, and what was stored is noted', async () => {
  const before = await stored();
  const entries = (await node.stored()).length;
  const client = await inData(header + block(3));
  await until('some of it is stored', async () => (await stored()).chunks > before.chunks);
  client.close();
  await until('all that is stored is noted', async () => {
    const { chunks, noted } = await stored();
    return chunks === noted;
  });
  assert.equal((await node.stored()).length, entries);
});
