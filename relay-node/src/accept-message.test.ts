import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitWithinMs } from '@relayfleet/contract/body-grace.ts';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { Snapshot, SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import type { StoredBody } from '@relayfleet/jetstream/mail-queue.ts';
import { platformPolicy, snapshotOf, usualLogin } from '../../test/harness/snapshot.ts';
import { acceptLarge, acceptMessage, type MessageDeps } from './accept-message.ts';
import type { NodeEvents } from './events.ts';
import type { Content } from './ingress/session.ts';
import { bodyHash } from './signing/canonicalise.ts';

const [secret] = platformPolicy().secrets;
const session = {
  id: 's',
  remoteAddress: '192.0.2.1',
  helo: 'client.test',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  credential: { username: usualLogin.username, secret: secret! },
};
const sender = { address: 'orders@shop.test', smtputf8: false, unusable: [], malformed: [] };
const recipient = { address: 'someone@else.test', unusable: [], malformed: [] };
const envelope = { session, transaction: { sender, recipients: [recipient] } };
const head = Buffer.from('From: orders@shop.test\r\n\r\nthe  first \r\n');
const rest = Buffer.from('and the rest\r\n\r\n');

/** An accepting node up to the queue, which notes what it is given. */
function setUp(stored: (size: number) => StoredBody = taken) {
  const bytes: Buffer[] = [];
  const commits: Envelope[] = [];
  const state = {
    snapshot: snapshotOf() as Snapshot | undefined,
    abandoned: 0,
    ids: [] as string[],
    now: 1_000,
    wall: 1_000,
    monotonic: 50,
    whileCommitting: () => {},
  };
  const written = () => Buffer.concat(bytes);
  const deps: MessageDeps = {
    node: 'node-0',
    snapshot: () => state.snapshot,
    queue: {
      openBody: (id) => {
        state.ids.push(id);
        return {
          write: (chunk) => void bytes.push(Buffer.from(chunk)),
          held: () => 0,
          end: async () => stored(written().length),
          abandon: async () => void (state.abandoned += 1),
        };
      },
      commit: async (entries) => {
        commits.push(...entries.map((entry) => entry.envelope));
        state.whileCommitting();
        return { ok: true, duplicate: false };
      },
      putBody: async (_, body) => stored(body.length),
    },
    log: { note: () => undefined },
    events: new Proxy({} as NodeEvents, { get: () => () => undefined }),
    destinationOf: (_, domain) => domain,
    now: () => state.now,
    clocks: () => ({ wall: state.wall, monotonic: state.monotonic }),
    randomBytes: (count) => Buffer.alloc(count),
    patience: { commit: 1_000 },
  };
  const hold = (changes: Partial<SnapshotContent> | undefined) => (state.snapshot = changes && snapshotOf(changes));
  return { deps, state, commits, written, hold };
}
const taken = (size: number): StoredBody => ({
  ok: true,
  ref: { kind: 'chunks', size, chunks: 1, sha256: 'a'.repeat(64) },
});
const content = (size = head.length + rest.length, problem?: Content['problem']): Content => ({
  bytes: new Uint8Array(0),
  size,
  eightBit: true,
  problem,
});

test('what is stored is our lines and the message; the entry tells its size and the hash of its body', async () => {
  const { deps, state, commits, written } = setUp();
  const message = acceptLarge(deps, envelope, head);
  await message.write(head.subarray(0, 10)); // cut anywhere
  await message.write(head.subarray(10));
  state.now = 9_000;
  await message.write(rest);
  assert.equal(commits.length, 0);
  assert.deepEqual(await message.end(content()), { reply: 'queued', values: { id: state.ids[0] } });
  const [entry] = commits;
  const whole = written();
  assert.match(
    whole.toString(),
    /^Received: [^]*\r\nDate: [^]*\r\nMessage-ID: <[^]*>\r\nFrom: orders@shop.test\r\n\r\nthe  first/,
  );
  assert.ok(entry?.body.kind === 'chunks' && entry.body.size === whole.length && entry.eightBit);
  assert.equal(entry.body.relaxedHash, await bodyHash(whole, whole.indexOf('\r\n\r\n') + 4));
  assert.deepEqual([entry.id, entry.acceptedAt], [state.ids[0], 9_000], 'we answer for it from its dot on');
});

test('a header that is refused stores nothing; the answer waits for the dot', async () => {
  const { deps, state, commits } = setUp();
  const foreign = Buffer.from('From: somebody@else.test\r\n\r\n');
  const message = acceptLarge(deps, envelope, foreign);
  assert.equal(message.write(foreign), undefined);
  assert.equal((await message.end(content(foreign.length))).reply, 'fromNotAllowed');
  assert.equal(
    (await message.end(content(foreign.length, 'bare-lf'))).reply,
    'bareLineFeed',
    'what comes first among the rules',
  );
  assert.deepEqual([state.ids, commits], [[], []]);
});

test('what was thrown away cannot be accepted, though nobody would refuse it any more', async () => {
  const { deps, hold, commits } = setUp();
  hold({ platforms: [platformPolicy({ suspended: { reason: 'x' } })] });
  const message = acceptLarge(deps, envelope, head);
  hold({});
  assert.equal((await message.end(content())).reply, 'platformSuspendedSince');
  assert.equal(commits.length, 0);
});

test('what was withdrawn while it arrived is refused at its end', async () => {
  const { deps, hold, commits } = setUp();
  const message = acceptLarge(deps, envelope, head);
  await message.write(head);
  hold(undefined);
  assert.equal((await message.end(content(head.length))).reply, 'noConfiguration');
  hold({ domains: [] });
  assert.notEqual((await message.end(content(head.length))).reply, 'queued');
  assert.equal(commits.length, 0);
});

test('a message of which something was not taken is never committed', async () => {
  const { deps, commits } = setUp();
  const message = acceptLarge(deps, envelope, head);
  await message.write(head);
  await assert.rejects(message.end(content()), /bytes of a message were stored/);
  assert.equal(commits.length, 0);
});

for (const [reason, reply] of [
  ['unavailable', 'queueUnavailable'],
  ['full', 'queueFull'],
] as const)
  test(`a body that cannot be stored (${reason}) leaves no entry`, async () => {
    const { deps, commits } = setUp(() => ({ ok: false, reason, detail: '' }));
    const message = acceptLarge(deps, envelope, head);
    await message.write(head);
    assert.equal((await message.end(content(head.length))).reply, reply);
    assert.equal(commits.length, 0);
  });

for (const clock of ['wall', 'monotonic'] as const) {
  const other = clock === 'wall' ? 'monotonic' : 'wall';
  test(`a node that stood still while a large mail arrived, by its ${clock} clock, commits it no more`, async () => {
    const late = async (ms: number) => {
      const { deps, state, commits } = setUp();
      const message = acceptLarge(deps, envelope, head);
      await message.write(head);
      state[clock] += ms;
      state[other] -= 5_000; // set back
      await message.write(rest);
      return [(await message.end(content())).reply, commits.length];
    };
    assert.deepEqual(await late(commitWithinMs), ['queued', 1]);
    assert.deepEqual(await late(commitWithinMs + 1), ['storedTooLate', 0]);
  });
}

test('a small mail of several destinations, whose body is stored apart: the same', async () => {
  const { deps, state, commits } = setUp((size) => {
    state.monotonic += commitWithinMs + 1;
    return taken(size);
  });
  const recipients = [recipient, { ...recipient, address: 'someone@other.test' }];
  const transaction = { ...envelope.transaction, recipients };
  const bytes = Buffer.concat([head, rest]);
  const answer = await acceptMessage(deps, { session, transaction, content: { ...content(), bytes } });
  assert.deepEqual([answer.reply, commits.length], ['storedTooLate', 0]);
});

test('a node that stood still in the commit itself says no 250: nobody knows whether the body is still there', async () => {
  const { deps, state, commits } = setUp();
  state.whileCommitting = () => void (state.wall += commitWithinMs + 1);
  const message = acceptLarge(deps, envelope, head);
  await message.write(head);
  await message.write(rest);
  assert.equal((await message.end(content())).reply, 'storedTooLate');
  assert.equal(commits.length, 1);
});

test('a small mail with its body inside it waits for nobody’s sweeper', async () => {
  const { deps, state } = setUp();
  state.whileCommitting = () => void (state.monotonic += 2 * commitWithinMs);
  const bytes = Buffer.concat([head, rest]);
  const answer = await acceptMessage(deps, { ...envelope, content: { ...content(), bytes } });
  assert.equal(answer.reply, 'queued');
});
