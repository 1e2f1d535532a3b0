import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Smarthost } from '@relayfleet/contract/snapshot.ts';
import { domainPolicy, snapshotOf } from '../../../test/harness/snapshot.ts';
import type { Answer } from './dns.ts';
import { watchSmarthosts } from './smarthost-watch.ts';

const found: Answer<string> = { kind: 'found', records: ['192.0.2.1'] };
const nxdomain = { kind: 'no-such-name' } as const;
const servfail = { kind: 'unavailable', detail: 'ESERVFAIL' } as const;

function snapshotWith(...hosts: readonly string[]) {
  const smarthosts = hosts.map((host): Smarthost => ({ host, port: 25, implicitTls: false, tls: 'Require' }));
  const via = { kind: 'smarthosts' as const, hosts: smarthosts };
  return snapshotOf({ domains: [domainPolicy({ routes: [{ name: 'partner', recipientDomains: [], via }] })] });
}

function setUp(zone: Record<string, Answer<string>>, ...hosts: readonly string[]) {
  const waiting: { readonly ms: number; readonly work: () => void }[] = [];
  const asked: string[] = [];
  const stage = { zone, snapshot: snapshotWith(...hosts), changes: 0, waiting, asked };
  const watch = watchSmarthosts({
    dns: { addresses: async (host) => (asked.push(host), stage.zone[host] ?? nxdomain) },
    snapshot: () => stage.snapshot,
    later: (ms, work) => {
      const item = { ms, work };
      waiting.push(item);
      return () => void (waiting.includes(item) && waiting.splice(waiting.indexOf(item), 1));
    },
    onChange: () => (stage.changes += 1),
  });
  return { stage, watch };
}
const missing = (host: string) => ({ domain: 'shop.test', route: 'partner', host });

test('a name that leads nowhere is told, and no more once it leads somewhere', async () => {
  const { stage, watch } = setUp(
    { 'good.test': found, 'bare.test': { kind: 'none' } },
    'Gone.test',
    'good.test',
    'bare.test',
  );
  assert.equal(watch.missing(), undefined);
  await watch.look();
  assert.deepEqual(watch.missing(), [missing('gone.test'), missing('bare.test')]);
  stage.zone = { 'good.test': found, 'gone.test': found, 'bare.test': found };
  stage.waiting[0]?.work();
  await watch.look();
  assert.deepEqual(watch.missing(), []);
  assert.equal(stage.changes, 2);
});

test('no answer from DNS changes nothing that is known', async () => {
  const { stage, watch } = setUp({ 'good.test': found }, 'gone.test', 'good.test');
  await watch.look();
  stage.zone = { 'gone.test': servfail, 'good.test': servfail };
  await watch.look();
  assert.deepEqual(watch.missing(), [missing('gone.test')]);
  assert.equal(stage.changes, 1);
});

test('what the snapshot names no more is not told', async () => {
  const { stage, watch } = setUp({}, 'gone.test');
  await watch.look();
  stage.snapshot = snapshotWith('192.0.2.1', '2001:db8::1');
  await watch.look();
  assert.deepEqual(watch.missing(), []);
  assert.deepEqual(stage.asked, ['gone.test'], 'addresses need no DNS');
  stage.zone = { 'gone.test': servfail };
  stage.snapshot = snapshotWith('gone.test');
  await watch.look();
  assert.deepEqual(watch.missing(), [], 'what was known of it then is forgotten');
});

test('it looks again every minute, one look at a time, until it is stopped', async () => {
  const { stage, watch } = setUp({}, 'gone.test');
  await Promise.all([watch.look(), watch.look()]);
  assert.deepEqual(
    stage.waiting.map(({ ms }) => ms),
    [60_000],
  );
  watch.stop();
  assert.deepEqual(stage.waiting, []);
});

test('at most 64 are told, whatever the snapshot holds', async () => {
  const { watch } = setUp({}, ...Array.from({ length: 100 }, (_, i) => `gone-${i}.test`));
  await watch.look();
  assert.equal(watch.missing()?.length, 64);
});
