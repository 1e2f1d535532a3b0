// `npm start -- --once`, as a newcomer runs it: it exits 0 when the demonstration mail has arrived verified, its output tells
// the journey, and nothing is left running. Where something is wrong it exits otherwise and says what.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { reservePorts } from '../harness/local-run.ts';

const home = join(import.meta.dirname, '../..');

test('npm start -- --once tells the story', { timeout: 180_000 }, async (t) => {
  const { code, output, state } = await runOnce(t, (directory) => directory);
  assert.equal(code, 0, output);
  for (const part of ['nats-server', 'dns-server', 'operator', 'node-1', 'node-2', 'receiver'])
    assert.match(output, new RegExp(`^  ${part} +\\d+ ms .*process \\d+$`, 'm'));
  for (const object of ['RelayFleet relayfleet-system/default', 'RelayDomain shop/shop', 'SenderPlatform shop/orders'])
    assert.match(output, new RegExp(`${object} +in force`));
  assert.match(output, /A demonstration mail from orders@shop\.test to \S+@\S+/);
  assert.match(output, /\d+ ms {2}accepted by node-\d over TLSv1\.3, queued as [0-9A-Z]{26}/);
  assert.match(output, /\d+ ms {2}delivered by node-\d to mx\.receiver\.test over TLSv1\.3/);
  assert.match(output, /stored by the receiving server: dkim=pass \(.*rsa-sha256.*\) spf=pass dmarc=pass/);
  assert.match(output, /dkim=pass \(.*ed25519-sha256.*\)/);
  assert.deepEqual(
    readdirSync(join(state, 'received')).filter((name) => name.endsWith('.eml')),
    ['000001.eml'],
  );
  const left = [...output.matchAll(/process (\d+)$/gm)].map(([, pid]) => Number(pid)).filter(isRunning);
  assert.deepEqual(left, [], 'nothing is left running');
});

const broken = [
  {
    name: 'mail that comes from an address SPF does not name',
    edit: ['fleet.yaml', 'addresses: [127.0.0.1]', 'addresses: [192.0.2.25]'],
    says: [/spf=(soft)?fail/, /it arrived, but not verified/],
  },
  {
    name: 'a platform whose domain shuts it out',
    edit: ['domain.yaml', 'namespaces: { from: Same }', 'namespaces: { from: None }'],
    says: [
      /Left out:|NotAllowedByDomain/,
      /RelayDomain shop\/shop does not let namespace shop attach/,
      /no platform may send/,
    ],
  },
  {
    name: 'a manifest that is no YAML',
    edit: ['platform.yaml', 'spec:', 'spec: ['],
    says: [/platform\.yaml.*is not valid YAML/, /no platform may send/],
  },
] as const;

for (const { name, edit, says } of broken) {
  test(`npm start -- --once fails with the reason: ${name}`, { timeout: 180_000 }, async (t) => {
    const { code, output } = await runOnce(t, (directory) => {
      const [file, from, to] = edit;
      const text = readFileSync(join(directory, file), 'utf8');
      assert.ok(text.includes(from), `${file} has "${from}"`);
      writeFileSync(join(directory, file), text.replace(from, to));
    });
    assert.equal(code, 1, output);
    for (const words of says) assert.match(output, words);
  });
}

/** Runs it on a copy of examples/local, edited. */
async function runOnce(t: TestContext, edit: (manifests: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-once-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [manifests, state] = [join(directory, 'manifests'), join(directory, 'state')];
  cpSync(join(home, 'examples/local'), manifests, { recursive: true });
  edit(manifests);
  await reservePorts(state, 2);
  const flags = ['--once', '--state-dir', state, '--dir', manifests];
  const child = spawn('npm', ['start', '--silent', '--', ...flags], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number | null, output, state };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
