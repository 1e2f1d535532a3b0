// `relayfleet queue show` by filters: the one mail that matches is shown, and several are counted, not guessed at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startQueue } from '../harness/queue.ts';
import { openFiller, openShell } from './queue-command.ts';

test('queue show finds the one mail that matches', async (t) => {
  const server = await startQueue(t);
  const { relayfleet } = openShell(server);
  const fill = await openFiller(server);
  const held = await fill.deferred({ heldSince: Date.now() });
  const ready = await fill.ready({ destination: 'other.example' });
  await fill.ready();
  const show = (...args: readonly string[]) => relayfleet('reader', 'queue', 'show', ...args);

  for (const [args, id, state] of [
    [['--state', 'held'], held.id, 'held'],
    [['--to', 'other.example'], ready.id, 'ready'],
    [[held.id, '--to', 'example.net'], held.id, 'held'],
  ] as const) {
    const { code, stdout } = await show(...args);
    assert.equal(code, 0, args.join(' '));
    assert.match(stdout, new RegExp(`^Mail: +${id}, [^]*\nState: +${state}\n`));
  }
  for (const [args, expected, said] of [
    [['--to', 'example.net'], 1, /^2 mails match; "queue ls"/],
    [['--state', 'dead'], 1, /^nothing in the queue matches/],
    [[held.id, '--to', 'other.example'], 1, /^nothing in the queue matches/],
    [[held.id.replace(/.$/, 'A')], 1, /is not in the queue; "relayfleet trace /],
    [[], 2, /takes a mail id, or filters that one mail matches/],
    [[held.id, ready.id], 2, /takes one mail id/],
    [[held.id, '--id', ready.id], 2, /contradict each other/],
    [['x'], 2, /"x" is no mail id/],
  ] as const) {
    const { code, stderr } = await show(...args);
    assert.deepEqual([code, said.test(stderr)], [expected, true], `${args.join(' ')}: ${stderr}`);
  }
});
