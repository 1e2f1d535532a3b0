// The memory of a node's process while mail of 35 MB comes in and goes out, beside that of 5 MB: what a mail weighs is in the queue,
// not in the node. Linux tells the most a process ever had, and can be told to forget it (proc(5): VmHWM, clear_refs).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { signers, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startNats } from '../harness/nats.ts';
import { handPublisher, startNodeProcess } from '../harness/node-process.ts';
import { startReceiver } from '../harness/receiver.ts';
import { dial, plain, submitBy } from '../harness/smtp-dialogue.ts';
import { domainPolicy, fleetPolicy, snapshotContent, usualLogin } from '../harness/snapshot.ts';
import { until } from '../harness/until.ts';

const nats = await startNats();
await ensureStreams(await nats.connect('operator'), { replicas: 1, storageBytes: 2e9, eventRetentionMs: 3_600_000 });
const receiver = await startReceiver();
const publisher = handPublisher(await nats.connect('operator'), nats);
const node = await startNodeProcess(publisher.bootstrap, { RELAYFLEET_DNS_SERVERS: '127.0.0.1:9' });
after(async () => {
  node.child.kill('SIGKILL');
  await receiver.goAway();
  await nats.stop();
});
const limits = { ...fleetPolicy().limits, maxMessageBytes: 40_000_000 };
const domain = domainPolicy({ signers: [...signers], routes: viaSmarthosts({ port: receiver.port }) });
await publisher.publish(snapshotContent({ fleet: fleetPolicy({ limits }), domains: [domain] }), { generation: 1 });
await until('the node is ready', async () => (await node.get('/readyz').catch(() => undefined))?.status === 200);

/** Like an attachment: nothing in it repeats. */
function mailOf(bytes: number): string {
  const lines = randomBytes(Math.ceil(bytes / 4) * 3)
    .toString('base64')
    .slice(0, bytes)
    .replaceAll(/(.{76})/g, '$1\r\n');
  return `From: orders@shop.test\r\nDate: Tue, 03 Nov 2026 04:05:06 +0000\r\nMessage-ID: <${randomBytes(8).toString('hex')}@shop.test>\r\n\r\n.dots\r\n..\r\n${lines}\r\n`;
}

async function submit(message: string): Promise<void> {
  const client = await dial({ port: node.implicitPort, tls: true });
  await client.reply();
  await client.say('EHLO client.test');
  await client.say(`AUTH PLAIN ${plain(usualLogin.username, usualLogin.password)}`);
  assert.match(await submitBy(client, message), /^250 /);
  client.close();
}

const digest = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** The most memory the node had while these mails went through it, in MB. */
async function peakDuring(...mails: readonly string[]): Promise<number> {
  const expected = mails.map((mail) => digest(Buffer.from(mail, 'latin1'))).toSorted();
  const before = receiver.taken.length;
  await writeFile(`/proc/${node.child.pid}/clear_refs`, '5');
  await Promise.all(mails.map(submit));
  await until('all arrived', () => receiver.taken.length === before + mails.length, { withinMs: 120_000 });
  const arrived = receiver.taken.slice(before).map(({ raw }) => {
    const end = raw.indexOf('From: orders@shop.test'); // behind our own lines
    return digest(raw.subarray(end));
  });
  assert.deepEqual(arrived.toSorted(), expected, 'byte for byte');
  const status = await readFile(`/proc/${node.child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1_000;
}

test('a mail of 35 MB takes little more memory than one of 5 MB, and four at a time little more than one', async (t) => {
  for (let n = 0; n < 8; n += 1) await peakDuring(mailOf(5e6)); // garbage has its own size, which any traffic comes to
  const small = await peakDuring(mailOf(5e6));
  const large = await peakDuring(mailOf(35e6));
  const four = await peakDuring(...Array.from({ length: 4 }, () => mailOf(35e6)));
  t.diagnostic(`5 MB: ${small} MB; 35 MB: ${large} MB; four of 35 MB: ${four} MB`);
  assert.ok(large - small < 25, `${large - small} MB more`);
  assert.ok(four - large < 40, `${four - large} MB more`);
});
