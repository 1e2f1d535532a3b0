// A nats-server before 2.15.1 takes scheduled messages and never sends them: deferred mail would be lost in silence. Neither
// the operator nor a node works with one, and both say which version it is and what to do.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { natsUser } from '../harness/cluster.ts';
import { relayDomain, relayFleet } from '../harness/manifests.ts';
import { startNats } from '../harness/nats.ts';
import { findOldNats } from '../harness/old-nats.ts';
import { startNode, startOperator } from '../harness/programs.ts';
import { until } from '../harness/until.ts';

const system = 'relayfleet-system';

test('an old nats-server is refused', { timeout: 180_000 }, async (t) => {
  const old = await findOldNats((line) => t.diagnostic(line));
  if (!old.found) return t.skip(old.reason);
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-old-nats-'));
  const nats = await startNats({ binary: old.binary, syncAlways: false });
  t.after(async () => {
    await nats.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const site = { t, directory };
  const [manifests, state] = [join(directory, 'manifests'), join(directory, 'state')];
  mkdirSync(manifests);
  const spec = relayFleet()['spec'] as { readonly nats: object };
  const objects = [
    natsUser(system, 'nats-operator', nats.users.operator),
    natsUser(system, 'nats-node', nats.users.node),
    relayFleet({ nats: { ...spec.nats, url: nats.url } }),
    relayDomain(),
  ];
  writeFileSync(join(manifests, 'all.yaml'), objects.map((object) => stringify(object)).join('---\n'));
  const told = new RegExp(`version ${old.version.replaceAll('.', '\\.')}\\b.*2\\.15\\.1 or newer.*upgrade nats-server`);

  const operator = await startOperator(site, {
    RELAYFLEET_PROVIDER: 'file',
    RELAYFLEET_MANIFESTS: manifests,
    RELAYFLEET_STATE: state,
  });
  const programmed = await until('the fleet says why it is not programmed', () => {
    const status = readStatus(join(state, 'status', 'RelayFleet', `${system}.default.yaml`));
    const found = status?.conditions?.find(({ type }) => type === 'Programmed');
    return found?.reason === 'NATSUnreachable' && told.test(found.message) ? found : undefined;
  });
  assert.equal(programmed.status, 'False');
  assert.match(operator.log(), told);
  assert.equal(operator.exitCode(), undefined, 'it goes on serving other fleets');

  const mounts = join(state, 'mounts', system);
  const node = await startNode(site, {
    name: 'node-1',
    bootstrap: join(mounts, 'default-bootstrap'),
    tls: join(mounts, 'default-listener-tls'),
  });
  await until('the node gives up', () => node.exitCode() !== undefined);
  assert.notEqual(node.exitCode(), 0);
  assert.match(node.log(), told);
});

type Status = { readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[] };

function readStatus(file: string): Status | undefined {
  try {
    return (parse(readFileSync(file, 'utf8')) as { readonly status?: Status }).status;
  } catch {
    return undefined; // not written yet
  }
}
