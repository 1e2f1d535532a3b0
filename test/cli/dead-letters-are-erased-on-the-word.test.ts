// `relayfleet queue drop --state dead`: the letters that match go, their bytes with them, and nothing else does.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { startQueue } from '../harness/queue.ts';
import { openFiller, openShell } from './queue-command.ts';

test('dead letters are erased on the word', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const fill = await openFiller(server);
  const [gone, kept] = [
    await fill.dead({ sender: 'secret@example.com' }),
    await fill.dead({ destination: 'other.example' }),
  ];
  const ready = await fill.ready();
  assert.ok(storeHolds(server.dir, 'secret@example.com'));

  for (const [flag, said] of [
    ['--reason=x', /leave --reason out/],
    ['--wait=false', /leave --wait=false out/],
    ['--bounce', /leave --bounce out/],
  ] as const) {
    const refused = await relayfleet('keeper', 'queue', 'drop', '--state', 'dead', '--id', gone.id, '--yes', flag);
    assert.deepEqual([refused.code, said.test(refused.stderr)], [2, true], flag);
  }
  assert.ok(storeHolds(server.dir, 'secret@example.com'));

  const { code, stdout } = await relayfleet('keeper', 'queue', 'drop', '--state', 'dead', '--id', gone.id, '--yes');
  assert.equal(code, 0);
  assert.match(stdout, /1 erased\./);
  const left = await listEntries(await server.connect('reader'), {});
  assert.deepEqual(
    left.map(({ key, state }) => `${key.id} ${state}`).toSorted(),
    [`${kept.id} dead`, `${ready.id} ready`].toSorted(),
  );
  assert.ok(!storeHolds(server.dir, 'secret@example.com'), 'the bytes are overwritten');
});

function storeHolds(dir: string, text: string): boolean {
  return readdirSync(join(dir, 'store'), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .some((file) => readFileSync(join(file.parentPath, file.name)).includes(text));
}
