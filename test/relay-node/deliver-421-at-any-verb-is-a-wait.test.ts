// A next hop that answers 421 and closes, whatever was said to it (RFC 5321 §3.8): the mail waits, and is delivered once when the hop
// is well. Where the mail is taken already, nothing comes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Smarthost } from '@relayfleet/contract/snapshot.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import { startPeer, usualOffers, type PeerOptions, type Point, type Script } from '../harness/scripted-peer.ts';
import { until } from '../harness/until.ts';

type Case = {
  readonly at: Point;
  readonly options?: PeerOptions;
  readonly host?: Partial<Smarthost>;
  /** What brings the conversation to that verb. */
  readonly before?: Script;
  /** Of what is recorded, where it is not the 421. */
  readonly recorded?: object;
};

const closing = { reply: '421 4.3.2 closing', after: 'close' } as const;
const busy = { outcome: 'deferred', category: 'peer', code: 421, status: '4.3.2' };
const authority = makeAuthority();
const tls = authority.issue('127.0.0.1');
const auth = { username: 'relay', password: 'secret-word' };
const verified = { tls: 'Verify', ca: authority.ca } as const;

const cases: Readonly<Record<string, Case>> = {
  'the connection': { at: 'CONNECT' },
  EHLO: { at: 'EHLO' },
  HELO: { at: 'HELO', before: { EHLO: () => '500 what?' } },
  STARTTLS: {
    at: 'STARTTLS',
    options: { tls },
    host: verified,
    recorded: { outcome: 'deferred', category: 'tls', status: '4.7.4' },
  },
  AUTH: {
    at: 'AUTH',
    options: { tls, offers: [...usualOffers, 'AUTH PLAIN'] },
    host: { ...verified, auth },
    recorded: { ...busy, category: 'configuration' },
  },
  MAIL: { at: 'MAIL' },
  RCPT: { at: 'RCPT' },
  DATA: { at: 'DATA' },
  'the final dot': { at: 'DOT' },
  RSET: {
    at: 'RSET',
    before: { RCPT: () => '451 4.2.1 not now' },
    recorded: { outcome: 'deferred', category: 'recipient', code: 451, status: '4.2.1' },
  },
};

for (const [verb, { at, options, host, before, recorded = busy }] of Object.entries(cases))
  test(`421 at ${verb}: deferred, and delivered once when the peer is well`, async (t) => {
    let said = 0;
    const script: Script = { ...before, [at]: () => ((said += 1), closing) };
    const peer = await startPeer({ ...options, script });
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port, ...host }) }));
    await rig.commit();
    rig.start({ retryDelays: [300] });
    const [first] = await rig.events('attempted', 1);
    assert.deepEqual(first?.results, [{ n: 0, ...recorded }]);
    await until('the 421 was said', () => said > 0);
    assert.equal(peer.mails.length, 0);
    peer.script = {};
    await peer.mail(1);
    await rig.entries();
    assert.equal(peer.mails.length, 1);
  });

test('421 at QUIT: the mail is delivered, and that is all', async (t) => {
  let said = 0;
  const peer = await startPeer({ script: { QUIT: () => ((said += 1), closing) } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  rig.start({ pool: { idleMs: 100, mailsPerSession: 100, restMs: 100 } });
  const [attempted] = await rig.events('attempted', 1);
  assert.equal(attempted?.results[0]?.outcome, 'delivered');
  await until('the 421 was said', () => said > 0);
  await rig.entries();
  assert.equal(peer.mails.length, 1);
  assert.equal(rig.report.events.filter(({ type }) => type === 'attempted').length, 1);
});
