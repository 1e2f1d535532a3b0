// What can be found out before the operator runs is found out then: it ends at once, and one line each names the variable, the
// place and what to do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startOperator } from '../harness/programs.ts';
import { until } from '../harness/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'relayfleet-start-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);
for (const name of ['manifests', 'empty', 'broken']) mkdirSync(at(name));
writeFileSync(at('a-file'), '');
writeFileSync(at('broken/crd.yaml'), 'kind: ConfigMap');
writeFileSync(at('kubeconfig'), 'clusters: [');

const usual = {
  RELAYFLEET_PROVIDER: 'file',
  RELAYFLEET_MANIFESTS: at('manifests'),
  RELAYFLEET_STATE: at('state'),
};

const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly RegExp[]])[] = [
  [
    'no directories',
    { RELAYFLEET_PROVIDER: 'file' },
    [/RELAYFLEET_MANIFESTS is not set: directories with manifests/, /RELAYFLEET_STATE is not set/],
  ],
  [
    'manifests that are not there',
    { ...usual, RELAYFLEET_MANIFESTS: `${at('manifests')}:${at('nowhere')}` },
    [/RELAYFLEET_MANIFESTS: .*nowhere: it does not exist; create it/],
  ],
  ['a file for a directory', { ...usual, RELAYFLEET_MANIFESTS: at('a-file') }, [/a-file is not a directory/]],
  [
    'a state that cannot be',
    { ...usual, RELAYFLEET_STATE: at('a-file/state') },
    [/RELAYFLEET_STATE: .*not a directory/],
  ],
  [
    'a state where no directory can be made',
    { ...usual, RELAYFLEET_STATE: '/proc/x/y' },
    [/RELAYFLEET_STATE: \/proc\/x: no directory can be made there/],
  ],
  ['no CRDs', { ...usual, RELAYFLEET_CRDS: at('empty') }, [/RELAYFLEET_CRDS: .*empty holds no CRDs/]],
  ['something else for CRDs', { ...usual, RELAYFLEET_CRDS: at('broken') }, [/should be a CustomResourceDefinition/]],
  [
    'a misspelt value',
    { ...usual, RELAYFLEET_LOG_LEVEL: 'loud' },
    [/RELAYFLEET_LOG_LEVEL=loud cannot be used: debug, info/],
  ],
  [
    'no cluster',
    { RELAYFLEET_PROVIDER: 'kubernetes', KUBECONFIG: '', HOME: directory },
    [/no Kubernetes cluster: set KUBECONFIG/, /RELAYFLEET_PROVIDER=file/],
  ],
  [
    'a kubeconfig that is not there',
    { RELAYFLEET_PROVIDER: 'kubernetes', KUBECONFIG: at('nowhere') },
    [/KUBECONFIG: .*nowhere/],
  ],
  [
    'a kubeconfig that is broken',
    { RELAYFLEET_PROVIDER: 'kubernetes', KUBECONFIG: at('kubeconfig') },
    [/KUBECONFIG: the kubeconfig cannot be read/],
  ],
];

for (const [what, env, says] of cases)
  test(`refused: ${what}`, async (t) => {
    const operator = await startOperator({ t, directory: mkdtempSync(at('log-')) }, env);
    await until('it ends', () => operator.exitCode() !== undefined);
    assert.notEqual(operator.exitCode(), 0);
    for (const words of says) assert.match(operator.log(), words);
    assert.doesNotMatch(operator.log(), /\n\s+at /, 'words, not a stack');
  });

test('refused: a telemetry port that is taken', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const env = { ...usual, RELAYFLEET_TELEMETRY: `127.0.0.1:${port}` };
  const operator = await startOperator({ t, directory: mkdtempSync(at('log-')) }, env);
  await until('it ends', () => operator.exitCode() !== undefined);
  assert.equal(operator.exitCode(), 1);
  assert.match(operator.log(), new RegExp(`RELAYFLEET_TELEMETRY: .*127.0.0.1:${port}.*EADDRINUSE`));
});
