import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileProblem, writeAtomically } from './atomic-write.ts';

const root = await mkdtemp(join(tmpdir(), 'relayfleet-atomic-'));
after(() => rm(root, { recursive: true, force: true }));
const privately = { mode: 0o600, durable: true };

test('a file is made with its directories, replaced whole, and nobody else may read it', async () => {
  const path = join(root, 'a/b/file');
  await writeAtomically(path, 'long content', privately);
  await writeAtomically(path, 'short', privately);
  assert.equal(await readFile(path, 'utf8'), 'short');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(root, 'a'))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(root, 'a/b')), ['file']);
});

test('what fails changes nothing, leaves nothing behind, and names the file', async () => {
  const path = join(root, 'in-the-way');
  await mkdir(join(path, 'full'), { recursive: true });
  await assert.rejects(writeAtomically(path, 'x', privately), /^Error: cannot write .*in-the-way: /);
  assert.deepEqual(
    (await readdir(root)).filter((name) => name.startsWith('.')),
    [],
  );
  await writeFile(join(root, 'plain'), 'old');
  await assert.rejects(
    writeAtomically(join(root, 'plain/below'), 'x', privately),
    /a file stands where a directory should be/,
  );
  assert.equal(await readFile(join(root, 'plain'), 'utf8'), 'old');
});

test('file system errors are said with what helps', () => {
  const error = (code: string) => Object.assign(new Error(`${code}: as the system says`), { code });
  assert.match(fileProblem(error('ENOSPC')), /free some, nothing is lost/);
  assert.match(fileProblem(error('EACCES')), /give the user the operator runs as access/);
  assert.equal(fileProblem(error('EWEIRD')), 'EWEIRD: as the system says');
});
