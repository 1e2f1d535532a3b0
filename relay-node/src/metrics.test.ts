import assert from 'node:assert/strict';
import test from 'node:test';
import { createMetrics, type MetricDefinition } from '@relayfleet/telemetry/metrics.ts';
import { nodeMetrics, showQueue } from './metrics.ts';

const definitions: readonly MetricDefinition[] = Object.values(nodeMetrics);

/** Series when every label takes every value. */
function mostSeries({ labels, maxSeries = 100, type, buckets = [] }: MetricDefinition): number {
  const combinations = Object.values(labels).reduce(
    (product, values) => product * ('boundedBy' in values ? maxSeries : values.length),
    1,
  );
  return type === 'histogram' ? combinations * (buckets.length + 3) : combinations;
}

test('names follow the rule: prefix, subsystem, unit, _total for counters', () => {
  for (const { name, type, help } of definitions) {
    assert.match(name, /^relayfleet_[a-z]+(_[a-z]+)+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.ok(name.endsWith('_seconds'), name);
    assert.ok(help.endsWith('.'), name);
  }
  assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length);
});

test('no label can hold a person, a client or a peer’s words', () => {
  const labels = new Set(definitions.flatMap((definition) => Object.keys(definition.labels)));
  assert.deepEqual([...labels].toSorted(), [
    'category',
    'kind',
    'lane',
    'outcome',
    'provider',
    'reason',
    'result',
    'stage',
    'stream',
    'version',
  ]);
});

test('at most 900 series, with those of the runtime', async () => {
  const { text } = await createMetrics({}, { runtime: true }).expose('prometheus');
  const runtime = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const ours = definitions.reduce((sum, definition) => sum + mostSeries(definition), 0);
  assert.ok(ours + runtime + 30 <= 900, `${ours} of ours, ${runtime} of the runtime (garbage collection adds to them)`);
});

test('while NATS is away the queue has no depth, not the last one', async () => {
  const metrics = createMetrics(nodeMetrics);
  const state = { stream: 'MQ', messages: 3, bytes: 30, maxBytes: undefined, oldestAt: 2_000 } as const;
  const samples = async () =>
    (await metrics.expose('prometheus')).text.match(/^relayfleet_queue_(messages|oldest)\S+ .*$/gm);
  showQueue(metrics.of, { streams: [state], consumers: [] });
  assert.deepEqual(await samples(), [
    'relayfleet_queue_messages{stream="MQ"} 3',
    'relayfleet_queue_oldest_message_timestamp_seconds{stream="MQ"} 2',
  ]);
  showQueue(metrics.of, undefined);
  assert.equal(await samples(), null);
});
