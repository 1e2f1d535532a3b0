// While nodes of two releases run beside each other, the older ones leave alone what they cannot read: it is neither buried nor handed
// from one to the next all the time, and comes again byte for byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import { eventSubject, mailSubject, streams } from '@relayfleet/contract/subjects.ts';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { snapshotWith, startRig, usualMail, viaSmarthosts } from '../harness/delivery-rig.ts';
import { anAttempt, anEntry } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';

test('an entry of a newer version is postponed as it is, and others pass it by', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const { envelope, body } = anEntry({}, usualMail);
  const newer = Buffer.from(encodeEntry({ ...envelope, v: 2, more: true } as unknown as typeof envelope, body));
  await rig.nats.nc.request(mailSubject(envelope), newer);
  await rig.commit();
  const before = Date.now();
  rig.start();
  await peer.mail(1);
  await rig.entries('deferred');
  assert.deepEqual(rig.report.buriedBecause, []);

  const reader = await rig.server.connect('reader');
  const [entry] = await listEntries(reader, { states: ['deferred'] });
  assert.equal(entry?.key.id, envelope.id);
  const manager = await jetstreamManager(reader.nc, { checkAPI: false });
  const stored = await manager.direct.getMessage(streams.deferred, { last_by_subj: entry.subject });
  assert.ok(stored !== null && newer.equals(stored.data));
  const at = Date.parse(stored.header.get('Nats-Schedule').replace('@at ', ''));
  assert.ok(at >= before + 30_000 && at <= Date.now() + 60_000, `${at - before}`);
});

test('so is an entry whose last attempt a newer node recorded: what that says is not guessed', async (t) => {
  const peer = await startPeer();
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  const envelope = await rig.commit();
  const { platform, id, k } = envelope;
  const newer = JSON.stringify({ ...anAttempt(envelope), v: 2, results: 'told otherwise' });
  await rig.nats.nc.request(eventSubject(platform, id, k, 'attempted'), newer);
  rig.start();
  await rig.entries('deferred');
  assert.deepEqual([rig.report.problems, rig.report.setbacks, peer.sessions.length], [[], [], 0]);
});
