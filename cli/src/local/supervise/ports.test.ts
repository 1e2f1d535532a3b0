import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createPortChooser } from './ports.ts';

test('a taken port is passed over, and said so; no port is given out twice', async (t) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const { port } = squatter.address() as { port: number };
  const chooser = createPortChooser('127.0.0.1');
  const first = await chooser.choose('a', port);
  const second = await chooser.choose('b', port);
  assert.equal(new Set([port, first, second]).size, 3);
  assert.equal(chooser.evasions[0], `${port} -> ${first} (a)`);
  assert.deepEqual(
    [...chooser.chosen],
    [
      ['a', first],
      ['b', second],
    ],
  );
});

test('the port of the last run comes first', async () => {
  const probe = createPortChooser('127.0.0.1');
  const free = await probe.choose('probe', 0);
  const chooser = createPortChooser('127.0.0.1', new Map([['a', free]]));
  assert.equal(await chooser.choose('a', 1), free);
  assert.deepEqual(chooser.evasions, []);
});
