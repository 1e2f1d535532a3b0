import assert from 'node:assert/strict';
import test from 'node:test';
import type { AttemptedEvent } from '@relayfleet/contract/event.ts';
import { createLog } from '@relayfleet/telemetry/log.ts';
import { createMetrics } from '@relayfleet/telemetry/metrics.ts';
import { createNodeEvents } from './events.ts';
import { nodeMetrics } from './metrics.ts';

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const metrics = createMetrics(nodeMetrics);
  const events = createNodeEvents(createLog({ write, clock: () => 0, level: 'debug' }), metrics);
  const value = async (sample: string) => {
    const { text } = await metrics.expose('prometheus');
    return text
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.slice(sample.length + 1);
  };
  return { events, lines, value };
}
const about = {
  v: 1,
  at: 0,
  node: 'node-0',
  id: '01JDCEXAMPLE0000000000000A',
  k: 0,
  domain: 'shop.test',
  platform: { namespace: 'shop', name: 'orders' },
} as const;

test('one accepted mail: one line, and its counts', async () => {
  const { events, lines, value } = setUp();
  const what = { lane: 'bulk', size: 1234, recipients: 2, destinations: 1, tls: 'TLSv1.3', commitMs: 12 } as const;
  events.accepted({ ...about, type: 'accepted', kind: 'mail', ...what });
  assert.equal(lines.length, 1);
  assert.deepEqual([lines[0]?.['msg'], lines[0]?.['platform'], lines[0]?.['size']], ['accepted', 'shop/orders', 1234]);
  assert.equal(await value('relayfleet_messages_accepted_total{kind="mail",lane="bulk"}'), '1');
  assert.equal(await value('relayfleet_messages_accepted_bytes_total'), '1234');
  assert.equal(await value('relayfleet_messages_commit_duration_seconds_bucket{le="0.025"}'), '1');
});

test('an attempt counts each recipient by outcome and receiver, and each stage that happened', async () => {
  const { events, lines, value } = setUp();
  const attempt: AttemptedEvent = {
    ...about,
    type: 'attempted',
    attempt: 1,
    hop: 'aspmx.l.google.com',
    tls: 'TLSv1.3',
    waitMs: 100,
    connectMs: null,
    transferMs: 7,
    nextDue: 5,
    results: [
      { n: 0, outcome: 'delivered', category: 'accepted', status: '2.0.0' },
      { n: 1, outcome: 'deferred', category: 'rate', status: '4.7.0' },
    ],
  };
  events.attempted(attempt, 'aspmx.l.google.com');
  assert.equal(lines.length, 1);
  assert.ok(!JSON.stringify(lines).includes('aspmx'), 'the group, not the host');
  assert.equal(await value('relayfleet_delivery_attempts_total{outcome="delivered",provider="google"}'), '1');
  assert.equal(await value('relayfleet_delivery_failures_total{category="rate",outcome="deferred"}'), '1');
  assert.equal(await value('relayfleet_delivery_stage_duration_seconds_count{stage="wait"}'), '1');
  assert.equal(await value('relayfleet_delivery_stage_duration_seconds_count{stage="connect"}'), undefined);
  assert.equal(await value('relayfleet_delivery_tls_attempts_total{version="TLSv1.3"}'), '1');
});

test('an attempt that reached nobody has no TLS', async () => {
  const { events, value } = setUp();
  const results = [{ n: 0, outcome: 'deferred', category: 'dns', status: '4.4.3' }] as const;
  events.attempted(
    {
      ...about,
      type: 'attempted',
      attempt: 1,
      results: [...results],
      hop: null,
      tls: null,
      waitMs: 1,
      connectMs: null,
      transferMs: null,
      nextDue: 5,
    },
    '',
  );
  assert.equal(await value('relayfleet_delivery_attempts_total{outcome="deferred",provider="other"}'), '1');
  assert.equal(await value('relayfleet_delivery_tls_attempts_total{version="none"}'), undefined);
});

test('an entry that is settled counts each recipient', async () => {
  const { events, value } = setUp();
  events.settled({
    ...about,
    type: 'settled',
    totals: { delivered: 3, bounced: 1, expired: 0, dropped: 0 },
    attempts: 2,
    totalMs: 60_000,
  });
  assert.equal(await value('relayfleet_delivery_settled_total{outcome="delivered"}'), '3');
  assert.equal(await value('relayfleet_delivery_settled_total{outcome="expired"}'), undefined);
});

test('a refusal is logged with its reply, and a strange TLS version has no series of its own', async () => {
  const { events, lines, value } = setUp();
  events.refused('fromNotAllowed', 'shop/orders');
  events.secured('TLSv9');
  const { reason, code, status, platform } = lines[0] ?? {};
  assert.deepEqual(
    { reason, code, status, platform },
    { reason: 'fromNotAllowed', code: 550, status: '5.7.1', platform: 'shop/orders' },
  );
  assert.equal(await value('relayfleet_smtp_tls_sessions_total{version="other"}'), '1');
});

test('a clock that jumps: one warning with distance and remedy, one count', async () => {
  const { events, lines, value } = setUp();
  events.clockChanged({ kind: 'jumped', byMs: -864_000_000 });
  events.clockChanged({ kind: 'adopted', byMs: -864_000_000 });
  events.clockChanged({ kind: 'returned' });
  assert.deepEqual(
    lines.map(({ level, msg, bySeconds }) => [level, msg, bySeconds]),
    [
      ['warn', 'the clock jumped', -864_000],
      ['info', 'the time that the clock jumped to is in use now', -864_000],
      ['info', 'the clock came back to the time in use', undefined],
    ],
  );
  assert.match(String(lines[0]?.['detail']), /stays in use for 10 min.*check the time synchronisation/);
  assert.equal(await value('relayfleet_clock_jumps_total'), '1');
});

test('an order that cannot be read is counted and named, and none any more is zero', async () => {
  const { events, lines, value } = setUp();
  events.ordersInForce({
    standing: [],
    unread: [{ name: 'hold-9', problem: 'filter: Unrecognized key', holds: true }],
  });
  assert.equal(await value('relayfleet_orders_unread'), '1');
  const [line] = lines.filter(({ level }) => level === 'error');
  assert.deepEqual([line?.['order'], line?.['problem']], ['hold-9', 'filter: Unrecognized key']);
  events.ordersInForce({ standing: [], unread: [] });
  assert.equal(await value('relayfleet_orders_unread'), '0');
});
