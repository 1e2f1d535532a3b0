import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveTelemetry } from './http.ts';
import { createMetrics } from './metrics.ts';

test('serves metrics, and probes that say what stands against them', async () => {
  const problems: string[] = [];
  const server = await serveTelemetry({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics({}),
    healthz: () => [],
    readyz: () => problems,
  });
  const get = async (path: string, headers = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await get('/readyz')).status, 200);
  problems.push('no snapshot yet');
  const unready = await get('/readyz');
  assert.equal(unready.status, 503);
  assert.deepEqual(await unready.json(), { ok: false, problems: ['no snapshot yet'] });
  const metrics = await get('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
  assert.match(metrics.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
  assert.equal((await get('/')).status, 404);
  await server.close();
});
