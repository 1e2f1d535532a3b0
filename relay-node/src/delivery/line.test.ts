import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startLine } from './line.ts';

/** A socket that keeps what is done to it; it has room for `room` blocks, then wants to be drained. */
function setUp({
  room = Infinity,
  signal = new AbortController().signal,
}: { room?: number; signal?: AbortSignal } = {}) {
  const deeds: string[] = [];
  const state = { room };
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    write: (octets: string | Buffer) => {
      deeds.push(octets.length > 100 ? 'block' : octets.toString());
      return --state.room > 0;
    },
    cork: () => deeds.push('cork'),
    uncork: () => deeds.push('uncork'),
    end: () => deeds.push('end'),
    destroy: () => deeds.push('destroy'),
  });
  const line = startLine(socket as unknown as Socket, signal);
  const receive = (octets: string) => socket.emit('data', Buffer.from(octets));
  const drain = (blocks: number) => {
    state.room = blocks;
    socket.emit('drain');
  };
  return { deeds, socket, line, receive, drain };
}
const clock = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return (ms: number) => t.mock.timers.tick(ms);
};
const patience = { blockMs: 100, finalMs: 1_000 };
const fourBlocks = { pieces: [Buffer.alloc(4 * 65_536, 'x\r\n')] };

test('replies belong to questions in order; a surplus one ends the session and answers nothing', async () => {
  const { line, receive, deeds } = setUp();
  const asked = line.ask('A\r\nB\r\n', 2);
  receive('250 a\r\n250');
  receive(' b\r\n250 c\r\n');
  assert.deepEqual(
    (await asked).replies.map(({ text }) => text),
    ['250 a', '250 b'],
  );
  assert.equal(line.isOpen(), false);
  assert.deepEqual(await line.ask('C\r\n', 1), { replies: [], ended: 'EARLY_REPLY' });
  assert.deepEqual(deeds, ['A\r\nB\r\n', 'destroy']); // C was not even said
});

test('421 is the last reply there is, however many are still due', async () => {
  const { line, receive, deeds } = setUp();
  const asked = line.ask('A\r\nB\r\nC\r\n', 3);
  receive('250 a\r\n421 bye\r\n');
  assert.deepEqual(
    (await asked).replies.map(({ code }) => code),
    [250, 421],
  );
  assert.deepEqual([line.isOpen(), deeds.at(-1)], [false, 'destroy']);
});

test('every way a connection ends has its word', async () => {
  const ends: Readonly<Record<string, (given: ReturnType<typeof setUp>) => void>> = {
    ECONNECTION: ({ socket }) => socket.emit('end'),
    EPIPE: ({ socket }) => socket.emit('error', Object.assign(new Error(), { code: 'EPIPE' })),
    BAD_REPLY: ({ receive }) => receive('what?\r\n'),
    HUNG_UP: ({ line }) => line.hangUp(),
  };
  for (const [word, happens] of Object.entries(ends)) {
    const given = setUp();
    const asked = given.line.ask('A\r\n', 1);
    happens(given);
    given.socket.emit('close');
    assert.deepEqual(await asked, { replies: [], ended: word });
  }
  const closed = setUp();
  closed.socket.emit('close');
  assert.equal(closed.line.isOpen(), false);
});

test('our stop counts from before the beginning', async () => {
  const stop = new AbortController();
  const early = setUp({ signal: stop.signal });
  const asked = early.line.ask('A\r\n', 1);
  stop.abort();
  assert.equal((await asked).ended, 'STOPPED');
  assert.deepEqual(await setUp({ signal: stop.signal }).line.ask('A\r\n', 1), { replies: [], ended: 'STOPPED' });
});

test('a small message leaves in one write with its dot', async () => {
  const { line, receive, deeds } = setUp();
  const sent = line.upload({ pieces: [Buffer.from('A: b\r\n'), Buffer.from('\r\nc\r\n')] }, patience);
  assert.deepEqual(deeds, ['cork', 'A: b\r\n', '\r\nc\r\n', '.\r\n', 'uncork']);
  receive('250 taken\r\n');
  assert.deepEqual(await sent, { reply: { code: 250, text: '250 taken' }, begun: true, dotSent: true });
  assert.equal(line.isOpen(), true);
});

test('a large one waits for room, each block with its own time and the dot with its own', async (t) => {
  const tick = clock(t);
  const { line, receive, drain, deeds } = setUp({ room: 1 });
  line.allow(50);
  const sent = line.upload(fourBlocks, patience);
  for (let i = 0; i < 3; i++) {
    tick(99);
    drain(1);
  }
  assert.equal(deeds.filter((deed) => deed === 'block').length, 4);
  tick(99);
  drain(1);
  assert.equal(deeds.at(-2), '\r\n.\r\n');
  tick(999);
  receive('250 taken\r\n');
  assert.equal((await sent).reply?.code, 250);
  line.rest();
  tick(100_000);
  assert.equal(line.isOpen(), true);

  const slow = setUp({ room: 1 });
  const never = slow.line.upload(fourBlocks, patience);
  tick(100);
  assert.deepEqual(await never, { reply: undefined, ended: 'ETIMEDOUT', begun: true, dotSent: false });
  const silent = setUp();
  const unanswered = silent.line.upload(fourBlocks, patience);
  tick(1_000);
  assert.deepEqual(await unanswered, { reply: undefined, ended: 'ETIMEDOUT', begun: true, dotSent: true });
});

test('after an early answer, or the beginning of one, not a block more, however much room there is', async () => {
  const early = setUp({ room: 1 });
  const answered = early.line.upload(fourBlocks, patience);
  early.receive('250 already\r\n');
  early.drain(Infinity); // before anybody could act on the answer
  assert.deepEqual(await answered, { reply: { code: 250, text: '250 already' }, begun: true, dotSent: false });
  early.line.hangUp();

  const begun = setUp({ room: 1 });
  const beginning = begun.line.upload(fourBlocks, patience);
  begun.receive('250 alr');
  begun.drain(Infinity);
  begun.receive('eady\r\n');
  assert.equal((await beginning).dotSent, false);
  assert.equal(begun.deeds.filter((deed) => deed === 'block').length, 1);
  begun.line.hangUp();
});

/** The rest of a message, played: what it yields, and how it ends. */
function aRest(end: 'intact' | 'damaged' | 'unread', ...pieces: readonly string[]) {
  const asked: number[] = [];
  const next = pieces.map(() => Promise.withResolvers<void>());
  const state = { closed: false };
  async function* read(): AsyncGenerator<Buffer, 'intact' | 'damaged'> {
    try {
      for (const [i, piece] of pieces.entries()) {
        asked.push(i);
        await next[i]?.promise;
        yield Buffer.from(piece);
      }
      if (end === 'unread') throw new Error('NATS did not answer');
      return end;
    } finally {
      state.closed = true;
    }
  }
  return { rest: { size: pieces.join('').length, read }, asked, state, come: (i: number) => next[i]?.resolve() };
}
const settled = () => new Promise(setImmediate);

test('a rest that is still being read follows as it comes, and the dot when its end was right', async () => {
  const { line, receive, deeds } = setUp();
  const { rest, come } = aRest('intact', 'b\r\n', '.c\r\n');
  const sent = line.upload({ pieces: [Buffer.from('A: b\r\n\r\n')], rest }, patience);
  assert.deepEqual(deeds.splice(0), ['cork', 'A: b\r\n\r\n', 'uncork']);
  come(0);
  await settled();
  assert.deepEqual(deeds.splice(0), ['cork', 'b\r\n', 'uncork']);
  come(1);
  await settled();
  assert.equal(deeds.filter((deed) => !deed.endsWith('cork')).join(''), '..c\r\n.\r\n');
  receive('250 taken\r\n');
  assert.deepEqual(await sent, { reply: { code: 250, text: '250 taken' }, begun: true, dotSent: true });
  assert.equal(line.isOpen(), true);
});

test('a rest is read one piece ahead of what the peer takes', async () => {
  const { line, socket, drain, deeds } = setUp({ room: 1 });
  const { rest, asked, come } = aRest('intact', 'b\r\n', 'c\r\n', 'd\r\n');
  [0, 1, 2].forEach(come);
  void line.upload({ pieces: [Buffer.from('A: b\r\n\r\n')], rest }, patience);
  Object.assign(socket, { writableNeedDrain: true });
  await settled();
  assert.deepEqual([asked, deeds.length], [[0], 3]);
  drain(1);
  await settled();
  assert.deepEqual(asked, [0, 1]);
  assert.equal(deeds.filter((deed) => !deed.endsWith('cork')).join(''), 'A: b\r\n\r\nb\r\n');
  line.hangUp();
});

for (const [end, word] of [
  ['damaged', 'BODY_DAMAGED'],
  ['unread', 'BODY_UNREAD'],
] as const)
  test(`a rest that ends ${end} ends the connection, without a dot`, async () => {
    const { line, deeds } = setUp();
    const { rest, come } = aRest(end, 'b\r\n');
    come(0);
    const sent = await line.upload({ pieces: [Buffer.from('A: b\r\n\r\n')], rest }, patience);
    assert.deepEqual(sent, { reply: undefined, ended: word, begun: true, dotSent: false });
    assert.equal(deeds.at(-1), 'destroy');
    assert.ok(!deeds.some((deed) => deed.startsWith('.') || deed.startsWith('\r\n.')));
  });

test('after an answer nothing more of a rest is sent or asked for', async () => {
  const { line, receive, deeds } = setUp();
  const { rest, asked, state, come } = aRest('intact', 'b\r\n', 'c\r\n');
  const sent = line.upload({ pieces: [Buffer.from('A: b\r\n\r\n')], rest }, patience);
  receive('552 enough\r\n');
  assert.equal((await sent).dotSent, false);
  come(0);
  await settled();
  assert.deepEqual([asked, deeds.length, state.closed], [[0], 3, true]);
  line.hangUp();
});

test('leaving: QUIT, the end after the answer to it, or without one', (t) => {
  const tick = clock(t);
  const answered = setUp();
  answered.line.leave('.\r\n');
  answered.receive('221 bye\r\n');
  assert.deepEqual(answered.deeds, ['.\r\nQUIT\r\n', 'end']);
  const silent = setUp();
  silent.line.leave();
  assert.equal(silent.line.isOpen(), false);
  silent.line.leave();
  tick(2_000);
  assert.deepEqual(silent.deeds, ['QUIT\r\n', 'destroy']);
});
