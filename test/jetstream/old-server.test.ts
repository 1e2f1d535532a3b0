// A nats-server that accepts scheduled messages and never sends them is refused, by nodes and by the operator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServer } from '@relayfleet/jetstream/check-server.ts';
import { ensureStreams } from '@relayfleet/jetstream/manage.ts';
import { startNats } from '../harness/nats.ts';
import { findOldNats } from '../harness/old-nats.ts';
import { sizing } from '../harness/queue.ts';

test('an old nats-server is refused with its version, the reason and the remedy', async (t) => {
  const old = await findOldNats((line) => t.diagnostic(line));
  if (!old.found) return t.skip(old.reason);
  const server = await startNats({ binary: old.binary, syncAlways: false }); // it does not know `always`
  t.after(() => server.stop());

  const problem = new RegExp(`is version ${old.version}; relayfleet needs 2\\.15\\.1 or newer.*upgrade`);
  const fitness = await checkServer(await server.connect('node'));
  assert.match(fitness.ok ? '' : fitness.problem, problem);
  const ensured = await ensureStreams(await server.connect('operator'), sizing);
  assert.match(ensured.ok ? '' : ensured.problem, problem);
});

test('the pinned nats-server is accepted', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  assert.deepEqual(await checkServer(await server.connect('node')), { ok: true });
});
