// SIGTERM ends a node within the 30 s a pod has, orderly, also while NATS is away and a next hop says nothing; nothing is lost by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signers } from '../harness/delivery-rig.ts';
import { startHandMadeFleet } from '../harness/hand-made-fleet.ts';
import { startNode } from '../harness/programs.ts';
import { hang, startPeer } from '../harness/scripted-peer.ts';
import { domainPolicy, snapshotContent, usualLogin } from '../harness/snapshot.ts';
import { openSession } from '../harness/submit.ts';
import { viaSmarthosts } from '../harness/delivery-rig.ts';
import { until } from '../harness/until.ts';

test('stopped while NATS is away and a next hop hangs: out in 30 s, and another node delivers the mail', async (t) => {
  const fleet = await startHandMadeFleet(t);
  const peer = await startPeer({ script: { MAIL: () => hang } });
  t.after(() => peer.goAway());
  const routes = viaSmarthosts({ port: peer.port });
  await fleet.publish(1, { content: snapshotContent({ domains: [domainPolicy({ signers: [...signers], routes })] }) });
  const site = { t, directory: fleet.directory };
  const node = await startNode(site, { name: 'node-1', bootstrap: fleet.bootstrap, tls: fleet.tls });
  await node.untilReady();
  const session = await openSession(node.implicit, { user: usualLogin.username, ...usualLogin, ca: fleet.ca });
  const from = 'orders@shop.test';
  const sent = await session.send({ from, to: ['a@b.test'], message: Buffer.from(`From: ${from}\r\n\r\nhi\r\n`) });
  assert.equal(sent.kind, 'accepted');
  await until('a conversation', () => peer.sessions[0]?.commands.some((line) => line.startsWith('MAIL')));

  await fleet.nats.kill9();
  const started = performance.now();
  process.kill(node.pid, 'SIGTERM');
  await until('the node has ended', () => node.exitCode() !== undefined, { withinMs: 40_000 });
  assert.ok(performance.now() - started < 30_000, `${performance.now() - started} ms`);
  assert.equal(node.exitCode(), 0);

  await fleet.nats.restart();
  peer.script = {};
  await startNode(site, { name: 'node-2', bootstrap: fleet.bootstrap, tls: fleet.tls });
  await peer.mail(1, 90_000);
});
