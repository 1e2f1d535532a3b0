import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { changedSinceStart, defaultFleet, findFleet } from './fleet-manifest.ts';

function manifests(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-manifests-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const fleet = `kind: RelayFleet
metadata: {name: mail, namespace: infra}
spec:
  listeners: [{name: only, port: 2525, mode: StartTLS}]
  tls: {certificateRef: {name: cert}}
  nats: {operatorCredentialsRef: {name: op}, nodeCredentialsRef: {name: no}}
`;

test('what starting needs is read from the one RelayFleet, wherever it stands', (t) => {
  const directory = manifests(t, {
    'a.yaml': 'kind: Namespace\nmetadata: {name: infra}\n---\n' + fleet,
    'notes.txt': 'kind: RelayFleet',
  });
  assert.deepEqual(findFleet(directory), {
    kind: 'found',
    fleet: {
      ref: { namespace: 'infra', name: 'mail' },
      listeners: [{ name: 'only', port: 2525, mode: 'StartTLS' }],
      operatorSecret: 'op',
      nodeSecret: 'no',
      certificateSecret: 'cert',
    },
  });
});

test('fields that are missing or of the wrong kind get their defaults; refusing them is the operator’s', (t) => {
  const directory = manifests(t, {
    'a.yaml': 'kind: RelayFleet\nmetadata: {name: default, namespace: relayfleet-system}\nspec: [no]\n',
  });
  assert.deepEqual(findFleet(directory), { kind: 'found', fleet: defaultFleet });
});

test('no fleet is fine, two are one too many, and a broken file may hide one', (t) => {
  assert.deepEqual(findFleet(manifests(t, { 'a.yaml': 'kind: RelayDomain\n' })), { kind: 'none' });
  assert.deepEqual(findFleet(manifests(t, {})), { kind: 'none' });
  const two = findFleet(manifests(t, { 'a.yaml': fleet, 'b.yaml': fleet.replace('mail', 'post') }));
  assert.match(two.kind === 'problem' ? two.problem : '', /has 2: infra\/mail, infra\/post; keep one/);
  const broken = findFleet(manifests(t, { 'a.yaml': 'kind: [RelayFleet\n' }));
  assert.match(broken.kind === 'problem' ? broken.problem : '', /a\.yaml: .*line 2/);
});

test('an object in force is compared with what the parts were started with, field by field', () => {
  const object = { kind: 'RelayFleet', metadata: defaultFleet.ref };
  const listeners = [{ name: 'submissions', port: 1465, mode: 'Implicit' }];
  const tls = { certificateRef: { name: 'own' } };
  assert.deepEqual(changedSinceStart(defaultFleet, { ...object, spec: { hostname: 'other' } }), []);
  assert.deepEqual(changedSinceStart(defaultFleet, { ...object, spec: { listeners, tls } }), [
    'spec.listeners',
    'spec.tls.certificateRef',
  ]);
});
