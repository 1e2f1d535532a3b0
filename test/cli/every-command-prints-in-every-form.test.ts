// `-o table|wide|json|yaml`, for every command that has it: a program reads the same from JSON as from YAML, and wide tells people
// no less than the table does.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { commands } from '../../cli/src/commands.ts';
import { sendCommand } from '../../cli/src/send/command.ts';
import { stateDirectory } from '../../cli/src/state-directory.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { startQueue } from '../harness/queue.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { openFiller, openShell } from './queue-command.ts';

test('every command prints in every form', async (t) => {
  const server = await startQueue(t);
  const send = sendCommand(await submissionTarget(t));
  const shell = openShell(
    server,
    commands.map((command) => (command.name === send.name ? send : command)),
  );
  const fill = await openFiller(server);
  await fill.ready();
  await fill.dead();
  const { id } = await fill.deferred({ heldSince: Date.now() });
  const given = await shell.relayfleet('keeper', 'queue', 'hold', '--to', 'example.net', '--yes');
  assert.equal(given.code, 0, given.stderr);
  const state = domainState(t);

  const calls: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'queue ls': [[], ['--summary'], ['--state', 'held'], ['--to', 'nowhere.test']],
    'queue show': [[id], ['--state', 'held'], ['--state', 'dead']],
    'queue hold': [['--all', '--dry-run']],
    'queue release': [['--all', '--dry-run']],
    'queue retry': [['--all', '--dry-run']],
    'queue drop': [
      ['--all', '--dry-run'],
      ['--all', '--state', 'held', '--dry-run'],
      ['--all', '--state', 'dead', '--dry-run'],
      ['--to', 'nowhere.test', '--yes'],
    ],
    'queue orders': [[]],
    trace: [[id]],
    send: [['--to', 'you@receiver.test']],
    status: [['--state-dir', state]],
    dns: [['shop.test', '--state-dir', state]],
  };
  const withForms = commands.filter(({ flags }) => flags.some(({ name }) => name === 'output'));
  assert.deepEqual(withForms.map(({ name }) => name).toSorted(), Object.keys(calls).toSorted());

  for (const [name, variants] of Object.entries(calls))
    for (const args of variants) {
      const line = [...name.split(' '), ...args];
      const print = async (form: string): Promise<string> => {
        const { code, stdout, stderr } = await shell.relayfleet('keeper', ...line, '-o', form);
        assert.equal(code, 0, `${line.join(' ')} -o ${form}: ${stderr}`);
        return stdout;
      };
      const [json, yaml] = [JSON.parse(await print('json')) as unknown, parse(await print('yaml')) as unknown];
      assert.ok(typeof json === 'object' && json !== null, line.join(' '));
      assert.deepEqual(scrubbed(yaml), scrubbed(json), line.join(' '));
      const [table, wide] = [words(await print('table')), words(await print('wide'))];
      assert.ok(table.size > 0, line.join(' '));
      assert.deepEqual(
        [...table].filter((word) => !wide.has(word)),
        [],
        `${line.join(' ')} -o wide lacks nothing`,
      );
    }
});

/** What two calls, one after the other, need not have in common: times, how long it took, and the names of new orders. */
function scrubbed(value: unknown): unknown {
  const text = JSON.stringify(value, (key, one: unknown) => (key === 'ms' ? 0 : one));
  return JSON.parse(
    text.replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"').replaceAll(/(hold|drop|retry)-[0-9a-f]{8}/g, 'ORDER'),
  );
}

/** Without numbers and ages, which go on. */
function words(text: string): ReadonlySet<string> {
  return new Set(text.match(/[A-Za-z][A-Za-z.:@_-]+/g)?.filter((word) => !/^\d/.test(word)) ?? []);
}

async function submissionTarget(t: TestContext): Promise<Parameters<typeof sendCommand>[0]> {
  const authority = makeAuthority();
  const peer = await startPeer({
    tls: { ...authority.issue('localhost'), implicit: true },
    offers: ['AUTH PLAIN LOGIN'],
  });
  t.after(() => peer.goAway());
  const user = { user: 'orders.shop', password: 'secret', ca: authority.ca, from: 'orders@shop.test' };
  return async () => ({ ...user, host: 'localhost', port: peer.port, tls: 'implicit' });
}

/** Of a local fleet that is gone by now: one domain and its records. */
function domainState(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'relayfleet-forms-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const ref = { namespace: 'shop', name: 'shop' };
  const kind = 'RelayDomain';
  const object = {
    apiVersion: 'relayfleet.io/v1alpha1',
    kind,
    metadata: ref,
    spec: { domain: 'shop.test', tls: { mode: 'Require' } },
  };
  const record = { name: 'shop.test', type: 'TXT', value: 'v=spf1 ~all', purpose: 'SPF', state: 'Ok', required: true };
  const status = { dns: { records: [record] } };
  const write = (path: string, content: object) => {
    const file = join(stateDirectory(root).operator, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  };
  const common = { ref, uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 };
  write(`objects/${kind}/shop.json`, { ...common, object });
  write(`status/${kind}/shop.yaml`, { ...object, status });
  return root;
}
