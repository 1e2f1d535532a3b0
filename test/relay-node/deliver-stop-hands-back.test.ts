// A node that stops finishes what it can within the grace and hands the rest back: another node delivers it, once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardDeadlines } from '../../relay-node/src/delivery/smtp-client.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { hang, startPeer } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

test('a conversation that hangs is broken off, its mail goes back and another node delivers it', async (t) => {
  const peer = await startPeer({ script: { MAIL: () => hang } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  const first = rig.start({ deadlines: standardDeadlines });
  await until('a conversation', () => peer.sessions[0]?.commands.some((line) => line.startsWith('MAIL')));
  const started = performance.now();
  await first.stop(100);
  assert.ok(performance.now() - started < 2_000);
  await rig.entries('retry');
  peer.script = {};
  rig.start({ node: 'node-b' });
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.node, 'node-b');
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});

test('a mail whose answer comes within the grace is finished', async (t) => {
  const peer = await startPeer({ script: { DOT: () => ({ reply: '250 2.0.0 taken', dripMs: 25 }) } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  const node = rig.start();
  await until('the mail at the peer', () => peer.sessions[0]?.commands.includes('DATA'));
  await node.stop(10_000);
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.results[0]?.outcome, 'delivered');
  await rig.entries();
});

test('stopping while NATS is away: the end comes with the grace, and the mail is another’s when NATS is back', async (t) => {
  const peer = await startPeer({ script: { MAIL: () => hang } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  const node = rig.start({ deadlines: standardDeadlines });
  await until('a conversation', () => peer.sessions[0]?.commands.some((line) => line.startsWith('MAIL')));
  await rig.server.kill9();
  const started = performance.now();
  await node.stop(200);
  assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
  await rig.server.restart();
  peer.script = {};
  rig.start({ node: 'node-b' });
  await rig.events('attempted', 1, 60_000);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
});
