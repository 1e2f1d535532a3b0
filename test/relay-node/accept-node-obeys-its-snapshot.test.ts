import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import { watchAcknowledgements } from '@relayfleet/jetstream/acknowledgements.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { startNats } from '../harness/nats.ts';
import { handPublisher, startNodeProcess } from '../harness/node-process.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { platformPolicy, snapshotContent, usualLogin } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const nats = await startNats();
const operator = await nats.connect('operator');
await ensureStreams(operator, { replicas: 1, storageBytes: 1e9, eventRetentionMs: 3_600_000 });
const publisher = handPublisher(operator, nats);
const node = await startNodeProcess(publisher.bootstrap, { RELAYFLEET_DNS_SERVERS: '127.0.0.1:9' });
let acknowledgements: readonly Acknowledgement[] = [];
const stopWatching = watchAcknowledgements(operator, (latest) => (acknowledgements = latest));
after(async () => {
  stopWatching();
  node.child.kill('SIGKILL');
  await nats.stop();
});

const ready = async () => (await node.get('/readyz').catch(() => undefined))?.status === 200;
const acknowledged = (generation: number) =>
  until(
    `generation ${generation} acknowledged`,
    () => acknowledgements.some((ack) => ack.generation === generation && ack.ready),
    { withinMs: 10_000 },
  );
const message = 'From: orders@shop.test\r\n\r\nhi\r\n';

async function client() {
  const dialogue = await dial({ port: node.implicitPort, tls: true });
  await dialogue.reply();
  await dialogue.say('EHLO client.test');
  return dialogue;
}
const auth = `AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`;

test('before its first snapshot a node is alive, not ready, and says why', async () => {
  await until('readyz answers', async () => (await node.get('/readyz').catch(() => undefined)) !== undefined);
  const answer = await until('only the configuration is missing', async () => {
    const { status, text } = await node.get('/readyz');
    return status === 503 && !text.includes('listeners') && text;
  });
  assert.match(answer, /no configuration yet/);
  assert.equal((await node.get('/healthz')).status, 200);
});

test('with one it takes mail, and acknowledges', async () => {
  await publisher.publish(snapshotContent(), { generation: 5 });
  await until('the node is ready', ready);
  await acknowledged(5);
  const dialogue = await client();
  assert.equal((await dialogue.say(auth)).code, 235);
  assert.match(await submitBy(dialogue, message), /^250 2\.0\.0 queued as/);
  dialogue.close();
});

test('a suspension bites within 5 s, in an open session', async () => {
  const dialogue = await client();
  await dialogue.say(auth);
  const started = performance.now();
  await publisher.publish(snapshotContent({ platforms: [platformPolicy({ suspended: { reason: 'x' } })] }), {
    generation: 6,
  });
  await until(
    'the refusal',
    async () =>
      (await dialogue.say('MAIL FROM:<orders@shop.test>')).code === 550 ||
      ((await dialogue.say('RSET')).code === 250 && false),
    { everyMs: 20 },
  );
  assert.ok(performance.now() - started < 5_000);
  dialogue.close();
  await acknowledged(6);
});

test('older, forged and foreign snapshots are refused; the operator reads why; the last good one stays', async () => {
  const generous = snapshotContent();
  const bad = [
    ['OlderGeneration', { generation: 4 }, undefined],
    ['BadSignature', { generation: 9 }, generateKeyPairSync('ed25519').privateKey],
    ['WrongFleet', { generation: 9, fleetUid: 'other' }, undefined],
  ] as const;
  for (const [reason, changes, signer] of bad) {
    await publisher.publish(generous, changes, signer);
    await until(
      reason,
      () => acknowledgements.some(({ generation, problems }) => generation === 6 && problems[0]?.reason === reason),
      { withinMs: 10_000 },
    );
    const dialogue = await client();
    assert.equal((await dialogue.say(auth)).code, 525, 'still suspended');
    dialogue.close();
  }
  await publisher.publish(generous, { generation: 10 });
  await acknowledged(10);
});

test('the metrics tell what happened, and no address is in them or in the log', async () => {
  const events = /^relayfleet_queue_messages\{stream="EVT"\} [1-9]/m; // read every two seconds
  const text = await until('the queue’s depth', async () => {
    const { text: now } = await node.get('/metrics');
    return events.test(now) && now;
  });
  for (const sample of [
    /^relayfleet_configuration_generation 10$/m,
    /^relayfleet_messages_accepted_total\{kind="mail",lane="transactional"\} 1$/m,
    /^relayfleet_smtp_logins_total\{result="suspended"\} 3$/m,
    /^relayfleet_smtp_refused_total\{reason="platformSuspended"\} 3$/m,
    /^relayfleet_configuration_refused_total\{reason="BadSignature"\} 1$/m,
    /^relayfleet_nats_connected 1$/m,
  ])
    assert.match(text, sample);
  const everything = text + JSON.stringify(node.log());
  for (const secret of ['@shop.test', '@else.test', 'orders@', usualLogin.password, usualLogin.username])
    assert.ok(!everything.includes(secret), secret);
  assert.ok(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length < 900);
});

test('SIGTERM: it takes its acknowledgement away and exits 0', async () => {
  assert.equal(await node.stop(), 0);
  await until('no acknowledgement', () => acknowledgements.length === 0, { withinMs: 10_000 });
});
