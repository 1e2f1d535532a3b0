// `relayfleet trace`: the whole story of a mail from its events, its notices, its entries and what holds them; no address in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedEvent, MailEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import { newMailId } from '@relayfleet/contract/mail-id.ts';
import { noticeId } from '@relayfleet/contract/notice-id.ts';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import { openEventLog } from '@relayfleet/jetstream/event-log.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { anAttempt, anEnvelope, startQueue } from '../harness/queue.ts';
import { openFiller, openShell } from './queue-command.ts';

type Traced = {
  readonly events: readonly MailEvent[];
  readonly entries: readonly object[];
  readonly body: object;
  readonly notices: readonly { readonly action: string; readonly id: string; readonly events: readonly MailEvent[] }[];
};

test('trace tells everything that is known of a mail', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const fill = await openFiller(server);
  const mail = await fill.deferred({
    recipients: [{ n: 1, address: 'late@example.net' }],
    settled: { delivered: 0, bounced: 1, expired: 0, dropped: 0 },
    heldSince: Date.now() - 600_000,
  });
  const first: MailEvent = {
    ...anAttempt(mail),
    at: mail.acceptedAt + 100,
    results: [
      { n: 0, outcome: 'bounced', category: 'recipient', code: 550, status: '5.1.1' },
      { n: 1, outcome: 'deferred', category: 'tls', status: '4.7.5' },
    ],
  };
  const notice = noticeId('failed', first);
  const told: AcceptedEvent = { ...accepted(mail, 1), id: notice, kind: 'dsn', tls: null, at: mail.acceptedAt + 150 };
  const returned: MailEvent = {
    ...anAttempt({ ...mail, id: notice }),
    at: mail.acceptedAt + 200,
    results: [{ n: 0, outcome: 'delivered', category: 'accepted', code: 250, status: '2.0.0' }],
    nextDue: null,
  };
  await openEventLog(await server.connect('node')).append([accepted(mail, 2), first, told, returned]);
  const hold = { ...anOrder('hold-1'), kind: 'hold' as const, filter: { domain: mail.domain } };
  await openOrderBook(await server.connect('keeper')).put(hold);
  const trace = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await relayfleet('reader', 'trace', ...args);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /@/);
    return stdout;
  };

  const text = await trace(mail.id);
  for (const line of [
    /from team\/shop for example\.com \(transactional\): 1234 bytes, 2 recipients, 1 destination\n/,
    /\n {6}0 ms {2}accepted by node-a over TLSv1\.3, queued as/,
    /\n {4}100 ms {2}1 bounced \(550 5\.1\.1 recipient\), 1 deferred \(4\.7\.5 tls\) by node-a to mx\.example\.net/,
    /\n +recipient: the mailbox is unknown, disabled or full\. To do: /,
    /\n +tls: no TLS as the domain's policy demands it\. To do: /,
    new RegExp(`\\n {4}150 ms {2}its sender is told "failed": notice ${notice}\\n`),
    new RegExp(`\\n {4}200 ms {2}notice ${notice}: delivered by node-a`),
    /\n +now deferred for example\.net, due in \d+m; 1 recipient to go; held for 10m; order hold-1 \(hold, given \ds ago: key stolen\) is about it\n/,
    /\n +body: stored in 1 chunk\n/,
  ])
    assert.match(text, line);
  assert.match(
    await trace(mail.id, '-o', 'wide'),
    /\n +recipient 1: bounced \(550 5\.1\.1 recipient\)\n +recipient 2: deferred/,
  );

  const traced = JSON.parse(await trace(mail.id, '-o', 'json')) as Traced;
  assert.deepEqual(
    traced.events.map(({ type }) => type),
    ['accepted', 'attempted'],
  );
  assert.deepEqual(traced.entries, [
    {
      state: 'held',
      k: 0,
      destination: 'example.net',
      due: mail.due,
      lane: 'transactional',
      attempts: 1,
      recipients: [1],
      heldSince: mail.heldSince,
      order: hold,
    },
  ]);
  assert.deepEqual(traced.body, { kind: 'stored', chunks: 1 });
  assert.deepEqual(
    traced.notices.map(({ action, id, events }) => [action, id, events.map(({ type }) => type)]),
    [['failed', notice, ['accepted', 'attempted']]],
  );
});

test('what an order ended names the order, and tells of it while it is in force', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const mail = anEnvelope();
  const results = [{ n: 0, outcome: 'dropped', category: 'order', status: '5.7.1' }] as const;
  const unsent = { hop: null, tls: null, connectMs: null, transferMs: null, nextDue: null };
  const dropped: MailEvent = { ...anAttempt(mail), ...unsent, results: [...results], order: 'drop-1' };
  await openEventLog(await server.connect('node')).append([dropped]);
  const book = openOrderBook(await server.connect('keeper'));
  await book.put({ ...anOrder('drop-1'), kind: 'drop', bounce: false, filter: { id: mail.id } });
  await book.put({ ...anOrder('drop-2'), kind: 'drop', bounce: false, filter: { id: mail.id } });
  const text = async () => (await relayfleet('reader', 'trace', mail.id)).stdout;
  assert.match(await text(), /dropped \(5\.7\.1 order\) by node-a, as order drop-1 says \(waited 1 ms\)\n/);
  assert.match(await text(), /\n +order drop-1 \(drop, given \ds ago: key stolen\)\n/);
  const { orders } = JSON.parse((await relayfleet('reader', 'trace', mail.id, '-o', 'json')).stdout) as {
    orders: readonly { name: string }[];
  };
  assert.deepEqual(
    orders.map(({ name }) => name),
    ['drop-1'],
  );
  await book.withdraw('drop-1');
  assert.match(await text(), /\n +order drop-1, carried out or taken back since: its reason went with it\n/);
});

test('a mail that is over has its totals, and no body', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const mail = anEnvelope();
  const { v, at, node, id, k, platform, domain } = anAttempt(mail);
  const settled: SettledEvent = {
    v,
    at,
    node,
    id,
    k,
    platform,
    domain,
    type: 'settled',
    totals: { delivered: 1, bounced: 0, expired: 0, dropped: 1 },
    attempts: 2,
    totalMs: 1_234,
  };
  await openEventLog(await server.connect('node')).append([settled]);
  const { stdout } = await relayfleet('reader', 'trace', mail.id);
  assert.match(stdout, /its acceptance is not on record/);
  assert.match(stdout, /settled: 1 delivered, 1 dropped after 2 attempts in 1234 ms\n +body: no longer stored\n/);
  await (await openFiller(server)).queue.putBody(mail.id, Buffer.from('Subject: x\r\n\r\n'));
  const left = await relayfleet('reader', 'trace', mail.id);
  assert.match(left.stdout, /\n +body: stored in 1 chunk, to be removed within minutes\n/);
});

test('of what is not known it is said how long anything is', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const idAt = (at: number) => newMailId(at, () => new Uint8Array(10));
  const recent = await relayfleet('reader', 'trace', idAt(Date.now()));
  assert.deepEqual([recent.code, /never accepted here.*events are kept for 60m/.test(recent.stderr)], [1, true]);
  const old = await relayfleet('reader', 'trace', idAt(Date.now() - 7 * 86_400_000));
  assert.match(old.stderr, /\(any more\): by its id it is 7d old, and events are kept for 60m/);
  assert.equal((await relayfleet('reader', 'trace', 'x')).code, 2);
});

function anOrder(name: string) {
  return { v: 1, name, reason: 'key stolen', at: Date.now() } as const;
}

function accepted({ id, k, platform, domain, lane, acceptedAt }: Envelope, recipients: number): AcceptedEvent {
  const about = { v: 1, at: acceptedAt, node: 'node-a', id, k, platform, domain, lane } as const;
  return {
    ...about,
    type: 'accepted',
    kind: 'mail',
    size: 1234,
    recipients,
    destinations: 1,
    tls: 'TLSv1.3',
    commitMs: 3,
  };
}
