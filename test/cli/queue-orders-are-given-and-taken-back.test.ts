// What the commands put into the fleet's bucket: the order that was described, about what was counted; and taking it back. Nobody
// carries orders out here, so the commands do not wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '@relayfleet/contract/order.ts';
import { bucketSubject, buckets } from '@relayfleet/contract/subjects.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { startQueue } from '../harness/queue.ts';
import { until } from '../harness/until.ts';
import { openFiller, openShell } from './queue-command.ts';

test('orders are given and taken back', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const fill = await openFiller(server);
  const waiting = await fill.deferred({ heldSince: Date.now() - 60_000 });
  const book = openOrderBook(await server.connect('reader'));
  const keeper = await server.connect('keeper');
  const bucket = (key: string, bytes: Uint8Array) =>
    keeper.ask(bucketSubject(buckets.orders, key), bytes, { timeoutMs: 2_000 });
  const order = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await relayfleet('keeper', 'queue', ...args, '--yes');
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const standing = async () => (await book.list()).map(({ name: _name, at: _at, v: _v, ...rest }) => rest);
  const platform = { namespace: 'team', name: 'shop' };

  const held = await order('hold', '--platform', 'shop', '-n', 'team', '--reason', 'under attack');
  const [hold] = await book.list();
  assert.match(held, new RegExp(`1 entry: 1 held[^]*${hold?.name} is in force`));
  assert.deepEqual(await standing(), [{ kind: 'hold', filter: { platform }, reason: 'under attack' }]);
  const listed = (await relayfleet('reader', 'queue', 'ls')).stdout;
  assert.match(
    listed,
    new RegExp(`Orders in force[^]*${hold?.name}: hold \\(platform team/shop\\) since \\d+s: under attack`),
  );
  assert.match(
    (await relayfleet('reader', 'queue', 'orders')).stdout,
    new RegExp(`${hold?.name} +hold +platform team/shop +1 +\\d+s +under attack\n`),
  );
  const shown = (await relayfleet('reader', 'queue', 'show', waiting.id)).stdout;
  assert.match(shown, new RegExp(`Held: +for 6\\ds\nOrder: +${hold?.name} \\(hold, given \\ds ago: under attack\\)\n`));

  const other = await relayfleet('keeper', 'queue', 'release', '--to', 'x.test', '--yes');
  assert.match(other.stderr, new RegExp(`no hold is about to x.test alone; in force: ${hold?.name}`));
  assert.equal((await standing()).length, 1);
  assert.match(await order('release', '--platform', 'team/shop', '--wait=false'), /no longer in force/);
  assert.deepEqual(
    await standing(),
    [{ kind: 'retry', held: true, filter: { platform }, reason: `${hold?.name} was released` }],
    'the hold is gone, and what it held is brought forward',
  );
  assert.match(
    (await relayfleet('reader', 'queue', 'show', waiting.id)).stdout,
    /Held: +for 6\ds, until it is looked at again: .* or a hold was released since\nAttempts/,
  );
  await order('release', '--all', '--wait=false').catch(() => undefined); // no hold is left
  const [retry] = await book.list();
  await order('release', String(retry?.name));
  assert.deepEqual(await standing(), []);

  const before = Date.now();
  assert.match(await order('drop', '--to', 'example.net', '--bounce', '--wait=false'), /until it is carried out/);
  const [drop] = await book.list();
  assert.ok(drop?.kind === 'drop' && drop.bounce);
  const { acceptedBefore = 0, ...filter } = drop.filter;
  assert.deepEqual(filter, { destination: 'example.net' });
  assert.ok(acceptedBefore >= before && acceptedBefore <= Date.now(), 'mail accepted later is not meant');
  await order('release', drop.name);

  assert.match(await order('drop', '--all', '--state', 'held', '--wait=false'), /1 entry: 1 held[^]*in force until/);
  const [dropHeld] = await book.list();
  assert.ok(dropHeld?.kind === 'drop' && dropHeld.held === true && !dropHeld.bounce);
  assert.match((await relayfleet('reader', 'queue', 'orders')).stdout, / drop what is held +accepted before .* 1 /);
  await order('release', dropHeld.name);
  await order('retry', '--all', '--state', 'held', '--wait=false');
  assert.deepEqual(await standing(), [{ kind: 'retry', held: true, filter: {}, reason: '' }]);
  await order('release', String((await book.list())[0]?.name));

  await bucket('order.odd', Buffer.from('{"kind":"freeze"}')); // as a newer relayfleet might write it
  assert.match(
    (await relayfleet('reader', 'queue', 'orders')).stdout,
    /No order is in force[^]*odd: .*nothing is done/,
  );
  assert.match(await order('release', 'odd'), /odd is no longer in force/);
  assert.deepEqual(await book.read(), { standing: [], unread: [] });

  await order('retry', '--id', waiting.id, '--wait=false', '-o', 'json');
  assert.deepEqual(await standing(), [{ kind: 'retry', held: false, filter: { id: waiting.id }, reason: '' }]);
  assert.match(await order('retry', '--to', 'nowhere.test'), /Nothing waits for its time that matches/);
  assert.equal((await standing()).length, 1);
});

test('waiting ends when the order was carried out, or with Ctrl-C, which leaves the order in force', async (t) => {
  const server = await startQueue(t);
  const shell = openShell(server);
  const fill = await openFiller(server);
  await fill.deferred();
  const operator = openOrderBook(await server.connect('operator'));

  const first = shell.relayfleet('keeper', 'queue', 'retry', '--all', '--yes');
  await operator.withdraw((await firstOrder(operator)).name); // as the operator does once all is brought forward
  const carriedOut = await first;
  assert.equal(carriedOut.code, 0);
  assert.match(carriedOut.stdout, /waiting until it is carried out[^]*brought forward/);

  const second = shell.relayfleet('keeper', 'queue', 'drop', '--all', '--yes', '-o', 'json');
  const { name } = await firstOrder(operator);
  shell.interrupt();
  const interrupted = await second;
  assert.equal(interrupted.code, 1);
  assert.match(interrupted.stderr, new RegExp(`${name} stays in force until it is carried out; .*release ${name}`));
  assert.equal((JSON.parse(interrupted.stdout) as { state: string }).state, 'in force');
  assert.deepEqual(
    (await operator.list()).map((order) => order.name),
    [name],
  );
});

async function firstOrder(book: ReturnType<typeof openOrderBook>): Promise<Order> {
  return until('an order', async () => (await book.list())[0]);
}
