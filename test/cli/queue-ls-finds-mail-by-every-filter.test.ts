// `relayfleet queue ls`: every filter finds what it names and nothing else, in all states; the formats for programs are whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry } from '@relayfleet/contract/envelope.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { parse } from 'yaml';
import { anAttempt, anEntry, startQueue } from '../harness/queue.ts';
import { openFiller, openShell } from './queue-command.ts';

type Listed = {
  readonly items: readonly { readonly id: string; readonly state: string; readonly [field: string]: unknown }[];
  readonly total: number;
  readonly states: Readonly<Record<string, number>>;
};

test('queue ls finds mail by every filter', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const fill = await openFiller(server);
  const news = { namespace: 'team', name: 'news' };
  const yesterday = newMailId(Date.now() - 86_400_000, () => new Uint8Array(10));
  const ready = await fill.ready();
  const bulk = await fill.ready({ lane: 'bulk', platform: news, domain: 'news.example' });
  const held = await fill.deferred({ id: yesterday, destination: 'slow.example', heldSince: Date.now() });
  const deferred = await fill.deferred({ platform: news, destination: 'late.example' });
  const dead = await fill.dead({ lane: 'bulk', domain: 'news.example' });
  await openEventLog(await server.connect('node')).append([anAttempt(held)]);

  const list = async (...args: readonly string[]): Promise<Listed> => {
    const { code, stdout, stderr } = await relayfleet('reader', 'queue', 'ls', '-o', 'json', ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Listed;
  };
  for (const [args, expected] of [
    [[], [ready, bulk, held, deferred, dead]],
    [
      ['--platform', 'team/news'],
      [bulk, deferred],
    ],
    [
      ['--platform', 'news'],
      [bulk, deferred],
    ],
    [['--platform', 'news', '-n', 'other'], []],
    [
      ['-n', 'team'],
      [ready, bulk, held, deferred, dead],
    ],
    [
      ['--domain', 'news.example'],
      [bulk, dead],
    ], // a dead letter's subject does not tell
    [['--to', 'SLOW.example'], [held]],
    [
      ['--lane', 'transactional'],
      [ready, held, deferred],
    ],
    [['--lane', 'bulk', '--state', 'dead'], [dead]],
    [['--id', bulk.id], [bulk]],
    [['--older-than', '2h'], [held]],
    [
      ['--state', 'ready'],
      [ready, bulk],
    ],
    [
      ['--state', 'held', '--state', 'ready'],
      [held, ready, bulk],
    ],
    [['--state', 'held', '--to', 'late.example'], []],
    [
      ['--state', 'deferred', '--state', 'dead'],
      [deferred, dead],
    ],
  ] as const) {
    const { items, total } = await list(...args);
    assert.deepEqual(items.map(({ id }) => id).toSorted(), expected.map(({ id }) => id).toSorted(), args.join(' '));
    assert.equal(total, expected.length);
  }

  const all = await list('--limit', '2');
  assert.deepEqual(
    [all.items.length, all.total, all.states],
    [2, 5, { ready: 2, retry: 0, deferred: 1, held: 1, dead: 1 }],
  );
  assert.equal(all.items[0]?.id, yesterday, 'the oldest mail comes first');
  const { ['dueAt']: due, ['heldSince']: since, ...rest } = all.items[0]!;
  assert.ok(Date.parse(String(due)) > Date.now() && Date.parse(String(since)) <= Date.now());
  assert.deepEqual(rest, {
    id: yesterday,
    k: 0,
    state: 'held',
    lane: 'transactional',
    domain: 'example.com',
    destination: 'slow.example',
    platform: { namespace: 'team', name: 'shop' },
    acceptedAt: new Date(Math.trunc(Date.parse(String(rest['acceptedAt'])))).toISOString(),
    attempts: 1,
    recipients: 1,
    last: 'deferred (421 4.3.2 peer)',
  });

  // An early build's subject names no domain: the entry does.
  const { envelope, body } = anEntry({ destination: 'early.example' });
  const node = await server.connect('node');
  const subject = `mq.tx.0.early~example.team_shop.${envelope.id}.0`;
  await node.ask(subject, encodeEntry(envelope, body), { timeoutMs: 2_000 });
  const early = (domain: string) => list('--to', 'early.example', '--domain', domain).then(({ total }) => total);
  assert.deepEqual([await early('example.com'), await early('other.example')], [1, 0]);

  const text = async (...args: readonly string[]) => (await relayfleet('reader', 'queue', 'ls', ...args)).stdout;
  assert.match(await text('--limit', '1'), /\n6 entries: 3 ready, 1 deferred, 1 held, 1 dead\n5 more are not shown/);
  assert.match(await text('-o', 'wide', '--to', 'slow.example'), /1 +1 +\d+s +deferred \(421 4\.3\.2 peer\)\n/);
  assert.match(await text('--summary'), /\n6 entries: 3 ready, 1 deferred, 1 held, 1 dead\n/);
  assert.match(
    await text('--summary'),
    /^DESTINATION +TOTAL[^]*\nexample\.net +3 +3 [^]*\nslow\.example +1 +0 +0 +0 +0 +0 +1 /,
  );
  assert.match(await text('--summary', '--by', 'platform'), /\nteam\/shop +4 /);
  assert.equal((parse(await text('-o', 'yaml')) as Listed).total, 6);
  assert.doesNotMatch(
    (await text('-o', 'json')) + (await text('-o', 'wide')),
    /@/,
    'addresses are for queue show alone',
  );
});
