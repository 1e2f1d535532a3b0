import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@relayfleet/telemetry/log.ts';
import { createMetrics } from '@relayfleet/telemetry/metrics.ts';
import { createEvents } from './events.ts';
import { operatorMetrics } from './metrics.ts';
import type { Plan } from './plan.ts';
import { emptyWorld, relayDomain } from './testing/objects.ts';
import type { World } from './world.ts';

function setUp() {
  const lines: { msg: string; level: string; [field: string]: unknown }[] = [];
  const metrics = createMetrics(operatorMetrics);
  const write = (line: string) => void lines.push(JSON.parse(line));
  const events = createEvents(createLog({ write, clock: () => 0, level: 'info' }), metrics);
  const value = async (series: string) =>
    (await metrics.expose('prometheus')).text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1);
  return { lines, events, value };
}

test('a piece of work that fails is said once for each problem, and once when it succeeds after all', async () => {
  const { lines, events, value } = setUp();
  for (const problem of ['disk full', 'disk full', 'disk gone'])
    events.stepSettled('secret', 'n/a', { ok: false, problem }, 0.1);
  events.stepSettled('secret', 'n/a', { ok: true, changed: true }, 0.1);
  events.stepSettled('secret', 'n/a', { ok: true, changed: true }, 0.1);
  assert.deepEqual(
    lines.map(({ level, problem }) => [level, problem]),
    [
      ['warn', 'disk full'],
      ['warn', 'disk gone'],
      ['info', undefined],
    ],
  );
  assert.equal(await value('controller_runtime_reconcile_errors_total{controller="secret"}'), '3');
  assert.equal(await value('controller_runtime_reconcile_total{controller="secret",result="success"}'), '2');
});

test('a refused manifest names file, object and problem; the gauge counts what is refused now', async () => {
  const { lines, events, value } = setUp();
  const about = { kind: 'RelayDomain', ref: { namespace: 'n', name: 'a' }, generation: 2 };
  events.manifestRefused({ file: '/m/a.yaml', document: 2, about, problems: ['spec.domain: Required value'] });
  events.manifestRefused({ file: '/m/b.yaml', problems: ['cannot be read'] });
  events.manifestAccepted({ file: '/m/b.yaml' });
  const { msg, level, file, document, kind, namespace, name, problems } = lines[0] ?? { msg: '', level: '' };
  assert.deepEqual(
    [msg, level, file, document, kind, namespace, name, problems],
    ['manifest refused', 'warn', '/m/a.yaml', 2, 'RelayDomain', 'n', 'a', ['spec.domain: Required value']],
  );
  assert.equal(await value('relayfleet_manifests_refused'), '1');
});

test('figures of a fleet that is gone are gone, too', async () => {
  const { events, value } = setUp();
  const observation = { nats: { ok: true }, acknowledgements: [], published: { generation: 7 } };
  const world = (observations: unknown) => emptyWorld({ observations: observations as World['observations'] });
  const plan = { statuses: [] } as unknown as Plan;
  events.planned(world(new Map([['n/f', observation]])), plan, 0);
  assert.equal(await value('relayfleet_configuration_published_generation{fleet="n/f"}'), '7');
  assert.equal(await value('relayfleet_fleet_nats_up{fleet="n/f"}'), '1');
  events.planned(world(new Map()), plan, 0);
  assert.equal(await value('relayfleet_configuration_published_generation{fleet="n/f"}'), undefined);
  assert.equal(await value('relayfleet_fleet_nats_up{fleet="n/f"}'), undefined);
});

test('a Secret that cannot be used is said once for each object when it begins, and once when it is over', () => {
  const { lines, events } = setUp();
  const domains = ['a', 'b'].map((name) => relayDomain(`n/${name}`));
  const planned = (...names: readonly string[]) => {
    const world = emptyWorld({ domains });
    const conditions = [{ type: 'ResolvedRefs', status: 'False', reason: 'SecretNotFound', message: 'create it' }];
    const statuses = domains.map(({ metadata: { name } }) => {
      const status = names.includes(name) ? { conditions } : { conditions: [] };
      return { kind: 'RelayDomain', ref: { namespace: 'n', name }, status };
    });
    events.planned(world, { statuses } as unknown as Plan, 0);
  };
  planned();
  planned('a');
  planned('a');
  planned('a', 'b');
  planned('b');
  domains.pop();
  planned();
  assert.deepEqual(
    lines.map(({ level, kind, name, problem }) => [level, kind, name, problem]),
    [
      ['warn', 'RelayDomain', 'a', 'create it'],
      ['warn', 'RelayDomain', 'b', 'create it'],
      ['info', 'RelayDomain', 'a', undefined],
    ],
  );
});

test('a fleet that was let go untold is a warning that names the remedy', () => {
  const { lines, events } = setUp();
  const fleet = { kind: 'RelayFleet', ref: { namespace: 'n', name: 'f' } } as const;
  events.released(fleet, { how: 'GivenUp', problem: 'NATS is away' });
  const { level, msg, kind, namespace, name, problem } = lines[0] ?? { level: '', msg: '' };
  assert.deepEqual([level, kind, namespace, name, problem], ['warn', 'RelayFleet', 'n', 'f', 'NATS is away']);
  assert.match(msg, /stop its relay nodes: they hold the last snapshot and go on/);
});

test('an object deleted on the word abandon is a warning that says how much is left of its mail, and that is counted', async () => {
  const { lines, events, value } = setUp();
  const release = (entries: number | undefined) => ({ how: 'Abandoned', problem: 'left', entries }) as const;
  events.released({ kind: 'RelayDomain', ref: { namespace: 'n', name: 'a' } }, release(7));
  events.released({ kind: 'RelayDomain', ref: { namespace: 'n', name: 'b' } }, release(undefined));
  events.released({ kind: 'SenderPlatform', ref: { namespace: 'n', name: 'p' } }, release(2));
  assert.deepEqual(
    lines.map(({ level, name, entries, problem }) => [level, name, entries, problem]),
    [
      ['warn', 'a', 7, 'left'],
      ['warn', 'b', undefined, 'left'],
      ['warn', 'p', 2, 'left'],
    ],
  );
  assert.equal(await value('relayfleet_abandoned_entries_total{kind="RelayDomain"}'), '7');
  assert.equal(await value('relayfleet_abandoned_entries_total{kind="SenderPlatform"}'), '2');
});

test('a sweep that fails is said once for each problem with its remedy, every failure is counted, and its end is said', async () => {
  const { lines, events, value } = setUp();
  const fleet = { namespace: 'n', name: 'f' };
  for (const problem of ['no answer', 'no answer', 'refused']) events.sweepFailed(fleet, 'bodies', problem);
  for (const at of [1_000, 2_500]) {
    events.sweptBodies(fleet, { finished: 3, orphans: 1 });
    events.sweptOverdue(fleet, 0);
    for (const sweep of ['bodies', 'overdue'] as const) events.sweepEnded(fleet, sweep, at);
  }
  assert.deepEqual(
    lines.map(({ level, problem }) => [level, problem]),
    [
      ['warn', 'no answer'],
      ['warn', 'refused'],
      ['info', undefined],
    ],
  );
  assert.match(lines[0]?.msg ?? '', /check that .* may purge and delete/);
  assert.equal(await value('relayfleet_sweep_failures_total{fleet="n/f",sweep="bodies"}'), '3');
  assert.equal(await value('relayfleet_sweep_bodies_total{fleet="n/f",kind="finished"}'), '6');
  assert.equal(await value('relayfleet_sweep_bodies_total{fleet="n/f",kind="orphan"}'), '2');
  assert.equal(await value('relayfleet_sweep_success_timestamp_seconds{fleet="n/f",sweep="bodies"}'), '2.5');
});

test('an order is told by name, kind and counts, and nothing of what it is about', async () => {
  const { lines, events, value } = setUp();
  const fleet = { namespace: 'n', name: 'f' };
  const filter = { destination: 'secret.example', platform: { namespace: 'p', name: 'secret' } };
  const order = { v: 1, kind: 'retry', name: 'o1', held: false, filter, reason: 'secret', at: 1 } as const;
  events.ordersSeen(fleet, [order, { ...order, kind: 'hold', name: 'o2' }]);
  assert.equal(await value('relayfleet_orders{fleet="n/f",kind="retry"}'), '1');
  assert.equal(await value('relayfleet_orders{fleet="n/f",kind="drop"}'), '0');
  events.orderBegun(fleet, order, 7);
  events.orderStalled(fleet, order, 'no answer');
  events.movedForward(fleet, 'retry', 6);
  events.orderDone(fleet, order, 6);
  assert.equal(await value('relayfleet_entries_brought_forward_total{fleet="n/f",reason="retry"}'), '6');
  assert.equal(await value('relayfleet_orders_done_total{fleet="n/f",kind="retry"}'), '1');
  for (const line of lines) {
    assert.deepEqual([line['fleet'], line['order'], line['kind']], ['n/f', 'o1', 'retry']);
    assert.doesNotMatch(JSON.stringify(line), /secret/);
  }
  assert.deepEqual(
    lines.map(({ level, entries, problem, moved }) => [level, entries ?? problem ?? moved]),
    [
      ['info', 7],
      ['warn', 'no answer'],
      ['info', 6],
    ],
  );
});

test('overdue mail is a warning about the server', () => {
  const { lines, events } = setUp();
  events.sweptOverdue({ namespace: 'n', name: 'f' }, 3);
  assert.deepEqual([lines[0]?.level, lines[0]?.['fleet'], lines[0]?.['entries']], ['warn', 'n/f', 3]);
});
