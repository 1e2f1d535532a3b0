import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueListCommand } from './list.ts';
import { filterWords, isEverything, readSelection, toOrderFilter, type Selection } from './selection.ts';
import { callOf } from './testing/call.ts';

const now = 10_000_000;
const read = (...argv: readonly string[]): Selection => {
  const selection = readSelection(callOf(queueListCommand, ...argv), now);
  if (typeof selection === 'string') throw new Error(selection);
  return selection;
};
const problem = (...argv: readonly string[]) => readSelection(callOf(queueListCommand, ...argv), now);
const id = '01K8ZC6YB3V4WQ0N2M7T5RXH9E';

test('every flag narrows the selection by what it says', () => {
  assert.deepEqual(read(), { filter: {}, states: undefined });
  assert.ok(isEverything(read()));
  assert.deepEqual(
    read(
      '--platform',
      'shop/orders',
      '--domain',
      'Shop.test',
      '--to',
      'B.test',
      '--lane',
      'bulk',
      '--id',
      id,
      '--older-than',
      '2h',
    ).filter,
    {
      platform: { namespace: 'shop', name: 'orders' },
      domain: 'shop.test',
      destination: 'b.test',
      lane: 'bulk',
      id,
      acceptedBefore: now - 7_200_000,
    },
  );
  assert.deepEqual(read('--state', 'dead', '--state', 'ready', '--state', 'dead').states, ['dead', 'ready']);
});

test('a platform’s namespace stands before it or in -n', () => {
  assert.deepEqual(read('--platform', 'orders').filter.platform, { name: 'orders' });
  assert.deepEqual(read('--platform', 'orders', '-n', 'shop').filter.platform, { namespace: 'shop', name: 'orders' });
  assert.deepEqual(read('-n', 'shop').filter.platform, { namespace: 'shop' });
  assert.deepEqual(read('--platform', 'shop/orders', '-n', 'shop').filter.platform, {
    namespace: 'shop',
    name: 'orders',
  });
  assert.equal(
    problem('--platform', 'shop/orders', '-n', 'x'),
    '--platform shop/orders and --namespace x contradict each other',
  );
});

test('what is wrong is said', () => {
  assert.equal(problem('--platform', 'a/b/c'), '--platform takes [NAMESPACE/]NAME, not "a/b/c"');
  assert.match(String(problem('--older-than', '2 weeks')), /--older-than takes an age/);
  assert.match(String(problem('--id', 'x')), /no mail id/);
  assert.match(String(problem('--to', 'a.test', '--destination', 'b.test')), /give one of them/);
});

test('an order is about a whole platform', () => {
  assert.deepEqual(toOrderFilter(read()), {});
  assert.match(String(toOrderFilter(read('-n', 'shop'))), /add --platform/);
  assert.match(String(toOrderFilter(read('--platform', 'orders'))), /needs the platform's namespace/);
  const filter = toOrderFilter(read('--platform', 'shop/orders', '--to', 'b.test', '--older-than', '1h'));
  assert.deepEqual(filter, {
    platform: { namespace: 'shop', name: 'orders' },
    destination: 'b.test',
    acceptedBefore: now - 3_600_000,
  });
  assert.ok(typeof filter !== 'string');
  assert.equal(filterWords(filter), 'platform shop/orders, to b.test, accepted before 1970-01-01T01:46:40Z');
  assert.equal(filterWords({}), 'all mail');
});
