// Whoever replaces the nodes of a fleet with newer ones finds mail of the older ones in the queue: fresh, with its body beside it,
// put off, or sent already and not yet acknowledged. The bytes are those a build left behind, on the subjects it left them on.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from '@relayfleet/jetstream/connect.ts';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { dkimRecords, snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { fleetPolicy } from '../harness/snapshot.ts';
import { readStoredSets, type StoredMessage } from '../harness/stored-entries.ts';

const century = 100 * 365 * 86_400_000;

for (const { name, messages } of readStoredSets())
  test(`mail stored as in ${name} is delivered, and what was sent is not sent again`, async (t) => {
    const peer = await startPeer();
    t.after(() => peer.goAway());
    const fleet = fleetPolicy({ retry: { maxAgeMs: century } });
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }, { fleet }));
    for (const stream of [streams.events, streams.bodies, streams.mail, streams.deferred])
      for (const message of Object.values(messages).filter((stored) => stored.stream === stream))
        await store(rig.nats, message);

    // The fresh one is put off at first, so that an old entry is put back by the new build as well.
    let refusals = 1;
    peer.script = {
      MAIL: (line) => (line.endsWith('BODY=8BITMIME') && refusals-- > 0 ? '451 4.3.2 later' : undefined),
    };
    rig.start();
    const mails = await peer.mail(5, 20_000);
    await rig.entries();
    assert.deepEqual(mails.map(({ from, to }) => [from, ...to].join(' ')).toSorted(), [
      ' info@shop.test',
      'info@shop.test j\u00f6rg@other.test',
      'info@shop.test late@to.test',
      'info@shop.test someone@to.test',
      'info@shop.test someone@to.test',
    ]);
    const body = messages['shared.body-0000']!.payload;
    for (const { raw } of mails) assert.ok(raw.subarray(-body.length).equals(body), raw.toString());

    const commands = peer.sessions.flatMap((session) => session.commands);
    assert.ok(commands.some((line) => /^MAIL FROM:<info@shop.test>.* RET=HDRS ENVID=order\+2B7/.test(line)));
    const told = /^RCPT TO:<someone@to.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;some\+2Bone@to.test$/;
    assert.ok(
      commands.some((line) => told.test(line)),
      commands.join('\n'),
    );

    const settled = await rig.events('settled', 5);
    assert.deepEqual(settled.map(({ totals }) => `${totals.delivered}`).toSorted(), ['1', '1', '1', '1', '2']);
    assert.deepEqual(rig.report.buriedBecause, []);
  });

/** The first build cut bodies into chunks of 1 MB and noted no hash for the signature. */
test('a large mail of the first build is delivered whole, and signed', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const { subject, payload, stream } = readStoredSets()[0]!.messages['deferred.0']!;
  const { id, ...envelope } = JSON.parse(payload.toString()) as Record<string, unknown>;
  const mail = Buffer.concat([
    Buffer.from('From: info@shop.test\r\n\r\n'),
    Buffer.from('.a line  of it \r\n'.repeat(135_000)),
  ]);
  const sha256 = createHash('sha256').update(mail).digest('hex');
  const body = { kind: 'chunks', size: mail.length, chunks: 3, sha256 };
  for (const chunk of [0, 1, 2]) {
    const payload = mail.subarray(chunk * 1_000_000, (chunk + 1) * 1_000_000);
    const digest = createHash('sha256').update(payload).digest('hex').slice(0, 16);
    const headers = { 'Nats-Msg-Id': `${String(id)}.${chunk}.${digest}` };
    await store(rig.nats, { stream: streams.bodies, subject: `b.${String(id)}.000${chunk}`, headers, payload });
  }
  const entry = Buffer.from(`${JSON.stringify({ id, ...envelope, attempt: 0, body })}\n`);
  const ready = subject.replace(/^df\.\d+\.0/, 'mq.tx.0');
  assert.equal(stream, streams.deferred);
  await store(rig.nats, { stream: streams.mail, subject: ready, headers: {}, payload: entry });
  rig.start();
  const [{ raw } = { raw: Buffer.alloc(0) }] = await peer.mail(1, 20_000);
  assert.ok(raw.subarray(-mail.length).equals(mail));
  const { results } = await dkimVerify(raw, { resolver: async (name: string) => [[dkimRecords[name] ?? '']] });
  assert.deepEqual(
    results.map(({ status }) => status.result),
    ['pass', 'pass'],
  );
  await rig.entries();
});

async function store(nats: Nats, { subject, payload, headers: fields }: StoredMessage): Promise<void> {
  const own = headers();
  for (const [name, value] of Object.entries(fields)) own.append(name, value);
  await jetstream(nats.nc).publish(subject, payload, { headers: own });
}
