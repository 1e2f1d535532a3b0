// Whoever would change what waits sees first what it is about: a dry run changes nothing, nobody to ask needs --yes, all mail needs
// --all, and giving an order takes the keeper role.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEntries } from '@relayfleet/jetstream/inspect.ts';
import { openOrderBook } from '@relayfleet/jetstream/orders.ts';
import { startQueue } from '../harness/queue.ts';
import { openFiller, openShell } from './queue-command.ts';

test('changes of the queue ask first', async (t) => {
  const server = await startQueue(t);
  const shell = openShell(server);
  const { relayfleet } = shell;
  const fill = await openFiller(server);
  await fill.ready();
  await fill.deferred({ destination: 'slow.example' });
  await fill.dead();
  const reader = await server.connect('reader');
  const book = openOrderBook(reader);
  const state = async () => [(await listEntries(reader, {})).map(({ subject }) => subject), await book.list()];
  const before = await state();

  await t.test('a dry run counts and changes nothing, for a reader, too', async () => {
    for (const [args, said, end = /Nothing was changed\./] of [
      [['hold', '--all'], /2 entries: 1 ready, 1 deferred[^]*would hold 2 entries and what comes later \(all mail\)/],
      [['drop', '--to', 'slow.example', '--bounce'], /would drop 1 entry and tell their senders \(to slow\.example\)/],
      [['retry', '--all'], /1 entry: 1 deferred[^]*would try 1 entry now/],
      [['retry', '--all', '--state', 'held'], /Nothing waits for its time that matches/, /^/],
      [['drop', '--all', '--state', 'held'], /Nothing waits that matches/, /^/],
      [['drop', '--state', 'dead', '--all'], /1 entry: 1 dead[^]*would erase 1 dead letter/],
    ] as const) {
      const { code, stdout } = await relayfleet('reader', 'queue', ...args, '--dry-run');
      assert.equal(code, 0, args.join(' '));
      assert.match(stdout, said);
      assert.match(stdout, end);
    }
    const { stdout } = await relayfleet('reader', 'queue', 'drop', '--all', '--dry-run', '-o', 'json');
    const { dryRun, concerns } = JSON.parse(stdout) as { dryRun: boolean; concerns: { total: number } };
    assert.deepEqual([dryRun, concerns.total], [true, 2]);
  });

  await t.test('without anybody to ask nothing is done without --yes', async () => {
    for (const args of [
      ['hold', '--all'],
      ['retry', '--all'],
      ['drop', '--all'],
      ['drop', '--state', 'dead', '--all'],
    ]) {
      const { code, stderr } = await relayfleet('keeper', 'queue', ...args);
      assert.deepEqual([code, /say --yes/.test(stderr)], [2, true], args.join(' '));
    }
  });

  await t.test('all mail is never meant by leaving something out', async () => {
    for (const verb of [['hold'], ['retry'], ['drop'], ['drop', '--state', 'dead']]) {
      const bare = await relayfleet('keeper', 'queue', ...verb, '--yes');
      assert.deepEqual([bare.code, /say --all/.test(bare.stderr)], [2, true], verb.join(' '));
      const both = await relayfleet('keeper', 'queue', ...verb, '--yes', '--all', '--to', 'slow.example');
      assert.deepEqual([both.code, /contradict/.test(both.stderr)], [2, true], verb.join(' '));
    }
    const release = await relayfleet('keeper', 'queue', 'release', '--yes');
    assert.deepEqual([release.code, /name the orders/.test(release.stderr)], [2, true]);
  });

  await t.test('a state that no order can be about is refused, and the reason is said', async () => {
    for (const [verb, state, said] of [
      ['retry', 'dead', /its sender was told that it failed/],
      ['retry', 'ready', /only what is deferred or held waits for its time/],
      ['retry', 'retry', /only what is deferred or held waits for its time/],
      ['drop', 'ready', /no order can be about what is ready: mail leaves that state by itself/],
      ['drop', 'retry', /no order can be about what is retry/],
      ['drop', 'deferred', /no order can be about what is deferred/],
      ['hold', 'ready', /mail changes its state by itself and would slip through/],
      ['release', 'held', /holds are taken back whole/],
    ] as const) {
      const { code, stderr } = await relayfleet('keeper', 'queue', verb, '--state', state, '--all', '--yes');
      assert.deepEqual([code, said.test(stderr)], [2, true], `${verb} ${state}`);
    }
  });

  await t.test('a reader gives no orders, and is told what would be needed', async () => {
    for (const args of [
      ['hold', '--all'],
      ['drop', '--state', 'dead', '--all'],
      ['release', 'hold-x'],
    ]) {
      const { code, stderr } = await relayfleet('reader', 'queue', ...args, '--yes');
      assert.equal(code, 1);
      assert.match(stderr, /user reader may give no orders: they take the keeper role/);
    }
  });

  await t.test('a keeper may look, too', async () => {
    assert.match((await relayfleet('keeper', 'queue', 'ls')).stdout, /3 entries: 1 ready, 1 deferred, 1 dead/);
  });

  await t.test('whoever sits there is asked, and anything but yes leaves all as it is', async () => {
    for (const answers of ['', 'n', 'maybe']) {
      shell.answers = answers;
      const { code, stdout, stderr } = await relayfleet('keeper', 'queue', 'drop', '--all');
      assert.match(stdout, /2 entries: 1 ready, 1 deferred/);
      assert.deepEqual([code, stderr], [1, 'nothing was changed']);
    }
    assert.equal(shell.asked.at(-1), 'Drop 2 entries and tell nobody (all mail)? [y/N] ');
  });
  assert.deepEqual(await state(), before);

  shell.answers = 'y';
  assert.equal((await relayfleet('keeper', 'queue', 'hold', '--all')).code, 0);
  assert.equal((await book.list()).length, 1);
});
