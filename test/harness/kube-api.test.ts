// The API server of the tests can be killed and started again without losing what it held, and leaves nothing behind.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { startKubeApi, type KubeApi } from './kube-api.ts';

let api: KubeApi | undefined;
after(() => api?.stop());

test('what was stored outlives a crash and a restart of the API server', async () => {
  api = await startKubeApi();
  await api.mustKubectl(['create', 'namespace', 'kept']);
  const first = api.apiserverPid();

  await api.stopApiServer('SIGKILL');
  await assert.rejects(api.call('GET', '/readyz'));
  await api.startApiServer();
  await api.restart();

  assert.notEqual(api.apiserverPid(), first);
  assert.equal(await api.mustKubectl(['get', 'namespace', 'kept', '-o', 'name']), 'namespace/kept\n');
});

test('stop ends both processes and removes their directory', async () => {
  assert.ok(api !== undefined);
  const pids = [api.apiserverPid(), api.etcdPid()];
  await api.stop();
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.equal(existsSync(api.kubeconfigPath), false);
});
