// Next hops that are ill at any point of the conversation: what is recorded, that the mail waits, and that it is delivered once
// when they are well. What each does to a single conversation is in deliver-conversation and deliver-pipelined; 421 has a file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAuthority } from '../harness/certificates.ts';
import { snapshotWith, startRig, viaSmarthosts } from '../harness/delivery-rig.ts';
import {
  drop,
  halfAServerHello,
  hang,
  reset,
  startPeer,
  type Action,
  type PeerOptions,
  type Point,
} from '../harness/scripted-peer.ts';

const closing = { reply: '421 4.3.2 closing', after: 'close' } as const;
const broken = { outcome: 'deferred', category: 'network', status: '4.4.2' };
const tls = { outcome: 'deferred', category: 'tls', status: '4.7.5' };
const certificate = makeAuthority().issue('127.0.0.1');

type Illness = {
  readonly at: Point;
  readonly does: Action;
  readonly recorded: object;
  readonly options?: PeerOptions;
  readonly under?: 'Require';
};
const secured = { options: { tls: certificate }, under: 'Require' } as const;

const illnesses: Readonly<Record<string, Illness>> = {
  'TLS that ends half-way': {
    at: 'STARTTLS',
    does: { reply: '220 go ahead', after: 'reset' },
    recorded: tls,
    ...secured,
  },
  'TLS that is promised and never begins': {
    at: 'STARTTLS',
    does: { reply: '220 go ahead\r\nno TLS here' },
    recorded: tls,
    ...secured,
  },
  'TLS answered with other words': { at: 'HANDSHAKE', does: { reply: 'no TLS here' }, recorded: tls, ...secured },
  'TLS that is reset within the handshake': {
    at: 'HANDSHAKE',
    does: { reply: halfAServerHello, after: 'reset' },
    recorded: tls,
    ...secured,
  },
  'a reset in the message, under TLS': { at: 'BODY', does: reset, recorded: broken, ...secured },
  'silence at RCPT': { at: 'RCPT', does: hang, recorded: broken },
  'a drip at MAIL': { at: 'MAIL', does: { reply: `250 ${'x'.repeat(500)}`, dripMs: 50 }, recorded: broken },
  'an end of the connection at MAIL': { at: 'MAIL', does: drop, recorded: broken },
  'an end of the connection at DATA': { at: 'DATA', does: drop, recorded: broken },
  'an end of the connection in the message': { at: 'BODY', does: drop, recorded: broken },
  'a reset in the message': { at: 'BODY', does: reset, recorded: broken },
  'an end of the connection after the dot': { at: 'DOT', does: drop, recorded: broken },
  greylisting: {
    at: 'RCPT',
    does: '450 4.7.1 greylisted, come again',
    recorded: { outcome: 'deferred', category: 'rate', code: 450, status: '4.7.1' },
  },
  'a reset after the dot': { at: 'DOT', does: reset, recorded: broken },
  '452 after the dot': {
    at: 'DOT',
    does: '452 4.3.1 disk full',
    recorded: { outcome: 'deferred', category: 'peer', code: 452, status: '4.3.1' },
  },
  'a code that answers nothing at MAIL': {
    at: 'MAIL',
    does: '354 go ahead',
    recorded: { outcome: 'deferred', category: 'protocol', code: 354, status: '4.0.0' },
  },
  'a code that is none after the dot': {
    at: 'DOT',
    does: '999 what now',
    recorded: { outcome: 'deferred', category: 'protocol', code: 999, status: '4.0.0' },
  },
  ...Object.fromEntries(
    [
      ['RCPT', '150 wait'],
      ['RCPT', '354 go ahead'],
      ['RCPT', '999 what now'],
      ['DATA', '150 wait'],
      ['DATA', '250 ok'],
      ['DATA', '999 what now'],
    ].map(([at, does = '']) => [
      `${does} at ${at}`,
      { at, does, recorded: { outcome: 'deferred', category: 'protocol', code: parseInt(does), status: '4.0.0' } },
    ]),
  ),
  'words that are no reply to DATA': { at: 'DATA', does: 'leave me alone', recorded: broken },
  'words that are no reply': { at: 'RCPT', does: 'leave me alone', recorded: broken },
  '8-bit words': {
    at: 'RCPT',
    does: '451 4.2.1 später, nicht jetzt \u00e9\u00e8 \u{1F4EC}',
    recorded: { outcome: 'deferred', category: 'recipient', code: 451, status: '4.2.1' },
  },
};

for (const [name, { at, does, recorded, options, under = 'Opportunistic' }] of Object.entries(illnesses))
  test(`${name}: deferred, and delivered once when the peer is well`, async (t) => {
    const peer = await startPeer({ ...options, script: { [at]: () => does } });
    t.after(() => peer.goAway());
    const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port, tls: under }) }));
    await rig.commit();
    rig.start({ retryDelays: [300] });
    const [first] = await rig.events('attempted', 1);
    assert.deepEqual(first?.results, [{ n: 0, ...recorded }]);
    assert.equal(peer.mails.length, 0);
    peer.script = {};
    await peer.mail(1);
    await rig.entries();
    assert.equal(peer.mails.length, 1);
    assert.equal(peer.sessions.length <= rig.report.events.filter(({ type }) => type === 'attempted').length, true);
    assert.deepEqual(rig.report.problems, []);
  });

test('552 after the dot is the end: one notice, and no other try', async (t) => {
  const peer = await startPeer({ script: { DOT: (_, { commands }) => refuseMail(commands) } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  await rig.commit();
  rig.start({ retryDelays: [200] });
  const [notice] = await peer.mail(1);
  assert.equal(notice?.from, '');
  assert.match(notice.raw.toString(), /\r\nAction: failed\r\nStatus: 5\.3\.4\r\n/);
  await rig.entries();
  assert.equal(rig.report.events.filter(({ type }) => type === 'attempted').length, 2);
});

/** The mail, not the notice about it. */
function refuseMail(commands: readonly string[]): string | undefined {
  return commands.findLast((line) => line.startsWith('MAIL'))?.includes('<info@')
    ? '552 5.3.4 message too big'
    : undefined;
}

test('250 and then a reset: delivered, not sent again, and the next mail goes over a new session', async (t) => {
  const peer = await startPeer({ script: {} });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  let taken = 0;
  peer.script = { DOT: () => ({ reply: `250 2.0.0 taken ${++taken}`, after: 'reset' }) };
  await rig.commit();
  rig.start({ retryDelays: [200] });
  const [first] = await rig.events('settled', 1);
  assert.deepEqual(first?.totals, { delivered: 1, bounced: 0, expired: 0, dropped: 0 });
  peer.script = {};
  await rig.commit();
  await peer.mail(1);
  await rig.entries();
  assert.equal(taken, 1);
  assert.equal(peer.sessions.length, 2);
});

test('fifty mails for a peer that greets with 421 are a few connections, not fifty', async (t) => {
  const peer = await startPeer({ script: { CONNECT: () => closing } });
  t.after(() => peer.goAway());
  const rig = await startRig(t, snapshotWith({ routes: viaSmarthosts({ port: peer.port }) }));
  for (let i = 0; i < 50; i++) await rig.commit({ sender: '' });
  rig.start({ retryDelays: [3_600_000], pool: { idleMs: 300, mailsPerSession: 100, restMs: 60_000 } });
  const attempts = await rig.events('attempted', 50);
  assert.ok(attempts.every(({ results }) => results[0]?.code === 421));
  assert.ok(peer.sessions.length <= 10, `${peer.sessions.length} connections`);
});
