// The commands against a real kube-apiserver, through kubectl: the same objects, the same words as on one machine.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { obtainTools, progressToStderr } from '../../hack/tools/obtain.ts';
import { startKubeApi } from '../harness/kube-api.ts';

const home = join(import.meta.dirname, '../..');
const run = promisify(execFile);

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: relayfleet.io/v1alpha1
kind: RelayDomain
metadata: { name: shop, namespace: shop }
spec: { domain: shop.test }
---
apiVersion: relayfleet.io/v1alpha1
kind: SenderPlatform
metadata: { name: orders, namespace: shop }
spec: { domainRefs: [{ name: shop, from: [orders] }] }
---
apiVersion: v1
kind: Secret
metadata: { name: orders-smtp, namespace: shop }
stringData: { host: 127.0.0.1, port: '1', starttls-port: '1', username: orders.shop, password: secret, domains: shop.test }
`;

const records = [
  {
    name: 'shop.test',
    type: 'TXT',
    value: 'v=spf1 ip4:192.0.2.1 ~all',
    purpose: 'SPF',
    state: 'Missing',
    required: true,
  },
];
const conditions = [
  {
    type: 'Ready',
    status: 'False',
    reason: 'Suspended',
    message: 'spec.suspended is true',
    lastTransitionTime: '2026-11-02T10:00:00Z',
  },
];

test('status, dns and send read a cluster', { timeout: 180_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-cluster-'));
  const api = await startKubeApi();
  t.after(async () => {
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const file = join(directory, 'objects.yaml');
  writeFileSync(file, manifests);
  await api.mustKubectl(['apply', '-f', join(home, 'crds/relayfleet.yaml'), '-f', join(home, 'crds/relaydomain.yaml')]);
  await api.mustKubectl(['apply', '-f', join(home, 'crds/senderplatform.yaml')]);
  await api.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await api.mustKubectl(['apply', '-f', file]);
  const patch = (object: readonly string[], status: object): Promise<unknown> =>
    api.mustKubectl([
      'patch',
      ...object,
      '-n',
      'shop',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ]);
  await patch(['relaydomain', 'shop'], { dns: { records } });
  await patch(['senderplatform', 'orders'], { username: 'orders.shop', binding: { name: 'orders-smtp' }, conditions });

  const kubectl = (await obtainTools(['kubectl'], { progress: progressToStderr })).get('kubectl') ?? '';
  const env = { ...process.env, PATH: `${dirname(kubectl)}:${process.env['PATH'] ?? ''}` };
  const relayfleet = async (...args: readonly string[]): Promise<string> => {
    const flags = ['--kubeconfig', api.kubeconfigPath];
    const { stdout } = await run(process.execPath, [join(home, 'cli/src/main.ts'), ...args, ...flags], {
      cwd: directory,
      env,
    });
    return stdout;
  };

  const status = await relayfleet('status', '-n', 'shop');
  assert.match(
    status,
    /RelayDomain\nNAMESPACE +NAME +DOMAIN +PLATFORMS +PROGRAMMED +READY +STATUS +AGE\nshop +shop +shop\.test +0 +Unknown/,
  );
  assert.match(status, /SenderPlatform shop\/orders\n {2}Ready False \(Suspended\): spec\.suspended is true\n/);
  assert.equal(await relayfleet('status'), 'No resources found.\n'); // the context's namespace is default
  const list = JSON.parse(await relayfleet('status', 'rdom', 'shop', '-A', '-o', 'json')) as {
    items: { kind: string }[];
  };
  assert.deepEqual(
    list.items.map(({ kind }) => kind),
    ['RelayDomain'],
  );
  await assert.rejects(relayfleet('status', 'rdom', 'nothere', '-A'), {
    code: 1,
    stderr: /RelayDomain "nothere" not found/,
  });

  assert.equal(
    await relayfleet('dns', 'shop.test', '-o', 'zone'),
    'shop.test. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ~all" ; SPF\n',
  );

  const send = relayfleet('send', '--to', 'you@receiver.test', '--platform', 'shop/orders');
  await assert.rejects(send, { code: 1, stderr: /127\.0\.0\.1:1 did not take the mail: .*ECONNREFUSED/ });
  const unknown = relayfleet('send', '--to', 'you@receiver.test', '--platform', 'shop/other');
  await assert.rejects(unknown, { code: 1, stderr: /no SenderPlatform other in namespace shop/ });
});
