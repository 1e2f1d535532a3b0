import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

const definitions = {
  accepted: { name: 'x_accepted_total', type: 'counter', help: 'Accepted.', labels: { lane: ['tx', 'bulk'] } },
  depth: { name: 'x_depth', type: 'gauge', help: 'Depth.', labels: {} },
  byPlatform: {
    name: 'x_platform_total',
    type: 'counter',
    help: 'By platform.',
    labels: { platform: { boundedBy: 'maxSeries' } },
    maxSeries: 2,
  },
  delay: { name: 'x_delay_seconds', type: 'histogram', help: 'Delay.', labels: { stage: ['queue'] }, buckets: [1, 2] },
} as const;

test('meters of each type appear in the Prometheus format', async () => {
  const metrics = createMetrics(definitions);
  metrics.of.accepted.inc({ lane: 'tx' });
  metrics.of.accepted.inc({ lane: 'tx' }, 2);
  metrics.of.depth.set(7);
  metrics.of.delay.observe({ stage: 'queue' }, 1.5);
  const { text, contentType } = await metrics.expose('prometheus');
  assert.match(contentType, /^text\/plain/);
  assert.match(text, /^x_accepted_total\{lane="tx"\} 3$/m);
  assert.match(text, /^x_depth 7$/m);
  assert.match(text, /^x_delay_seconds_bucket\{le="2",stage="queue"\} 1$/m);
});

test('OpenMetrics and Prometheus can be asked for at once and each gets its own format', async () => {
  const metrics = createMetrics(definitions);
  metrics.of.accepted.inc({ lane: 'tx' });
  const [open, plain] = await Promise.all([metrics.expose('openmetrics'), metrics.expose('prometheus')]);
  assert.match(open.contentType, /^application\/openmetrics-text/);
  assert.match(open.text, /# EOF\n$/);
  assert.match(plain.contentType, /^text\/plain/);
  assert.doesNotMatch(plain.text, /# EOF/);
});

test('a counter keeps its name however often and in whichever format it was asked for', async () => {
  const metrics = createMetrics(definitions);
  metrics.of.accepted.inc({ lane: 'tx' });
  for (const format of ['prometheus', 'openmetrics', 'prometheus', 'prometheus'] as const) {
    const { text } = await metrics.expose(format);
    assert.match(text, /^x_accepted_total\{lane="tx"\} 1$/m, format);
    assert.match(text, format === 'prometheus' ? /^# TYPE x_accepted_total counter$/m : /^# TYPE x_accepted counter$/m);
  }
});

test('free labels are capped: further values are folded into _other and counted', async () => {
  const metrics = createMetrics(definitions);
  for (const platform of ['a', 'b', 'c', 'd', 'a']) metrics.of.byPlatform.inc({ platform });
  const { text } = await metrics.expose('prometheus');
  assert.match(text, /^x_platform_total\{platform="a"\} 2$/m);
  assert.match(text, /^x_platform_total\{platform="_other"\} 2$/m);
  assert.match(text, /^relayfleet_metrics_series_folded_total\{metric="x_platform_total"\} 2$/m);
});

test('gauges read on demand are set before each exposition, and one that fails does not hide the others', async () => {
  const metrics = createMetrics(definitions);
  metrics.onCollect(() => Promise.reject(new Error('no answer')));
  metrics.onCollect(() => metrics.of.depth.set(3));
  assert.match((await metrics.expose('prometheus')).text, /^x_depth 3$/m);
});
