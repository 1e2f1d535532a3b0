import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { materialise } from './mounts.ts';

const root = await mkdtemp(join(tmpdir(), 'relayfleet-mounts-'));
after(() => rm(root, { recursive: true, force: true }));

const content = (files: Readonly<Record<string, string>>) =>
  new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]));

test('keys are files behind one link, and what is gone is gone', async () => {
  const directory = join(root, 'a');
  await materialise(directory, content({ 'tls.crt': 'c1', 'tls.key': 'k1', old: 'x' }), 'r1');
  await materialise(directory, content({ 'tls.crt': 'c2', 'tls.key': 'k2' }), 'r2');
  assert.deepEqual((await readdir(directory)).sort(), ['..data', '..r2', 'tls.crt', 'tls.key']);
  assert.equal(await readlink(join(directory, 'tls.key')), '..data/tls.key');
  assert.equal(await readFile(join(directory, 'tls.key'), 'utf8'), 'k2');
  assert.equal((await stat(join(directory, 'tls.key'))).mode & 0o777, 0o600);
});

test('equal content touches nothing', async () => {
  const directory = join(root, 'b');
  await materialise(directory, content({ a: '1' }), 'r1');
  await materialise(directory, content({ a: '1' }), 'r2');
  assert.equal(await readlink(join(directory, '..data')), '..r1');
});

test('a reader that follows the link never finds the halves of two revisions', async () => {
  const directory = join(root, 'c');
  await materialise(directory, content({ crt: '0', key: '0' }), 'r0');
  let writing = true;
  const reader = async () => {
    let reads = 0;
    while (writing) {
      const data = join(directory, await readlink(join(directory, '..data')));
      const read = (name: string) => readFile(join(data, name), 'utf8').catch(() => undefined);
      const [crt, key] = await Promise.all([read('crt'), read('key')]);
      if (crt !== undefined && key !== undefined) assert.equal(crt, key);
      reads += 1;
    }
    return reads;
  };
  const reading = reader();
  for (let revision = 1; revision <= 50; revision++)
    await materialise(directory, content({ crt: `${revision}`, key: `${revision}` }), `r${revision}`);
  writing = false;
  assert.ok((await reading) > 0);
});
