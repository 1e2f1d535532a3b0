// A node that starts sends nothing before it knows the orders in force: held mail must not leave because its node is a new one.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { bucketStream, buckets } from '@relayfleet/contract/subjects.ts';
import { openMailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { signers, usualMail, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startHandMadeFleet } from '../harness/hand-made-fleet.ts';
import { startNode } from '../harness/programs.ts';
import { anEntry, sizing } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { domainPolicy, snapshotContent, usualLogin } from '../harness/snapshot.ts';
import { openSession } from '../harness/submit.ts';

test('without a bucket of orders a node takes mail and sends none; with one it sends', async (t) => {
  const fleet = await startHandMadeFleet(t);
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const routes = viaSmarthosts({ port: peer.port });
  await fleet.publish(1, { content: snapshotContent({ domains: [domainPolicy({ signers: [...signers], routes })] }) });
  await fleet.nats.kill9();
  const [stream] = globSync(join(fleet.nats.dir, '**', bucketStream(buckets.orders)));
  await rm(stream!, { recursive: true });
  await fleet.nats.restart();
  const nats = await fleet.nats.connect('node');
  const owner = { domain: 'shop.test', sender: 'info@shop.test', platform: { namespace: 'shop', name: 'orders' } };
  const { envelope, body } = anEntry(owner, usualMail);
  assert.ok((await openMailQueue(nats, { timeoutMs: 2_000 }).commit([{ envelope, body }], 5_000)).ok);

  const site = { t, directory: fleet.directory };
  const node = await startNode(site, { name: 'node-1', bootstrap: fleet.bootstrap, tls: fleet.tls });
  await node.untilReady();
  const session = await openSession(node.implicit, { user: usualLogin.username, ...usualLogin, ca: fleet.ca });
  const sent = await session.send({ from: 'orders@shop.test', to: ['a@b.test'], message: usualMail });
  assert.equal(sent.kind, 'accepted');
  assert.equal(peer.sessions.length, 0);

  assert.ok((await ensureStreams(await fleet.nats.connect('operator'), sizing)).ok);
  await peer.mail(2, 30_000);
});
