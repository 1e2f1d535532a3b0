import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { Nats } from './connect.ts';
import { openGroupCommit } from './group-commit.ts';
import type { Verdict } from './verdict.ts';

type Sent = { readonly id: string; readonly batch: string; readonly commit: boolean; answer(body: object): void };

/** A connection that only remembers, and lets the test answer. */
function setUp(cpuBound: boolean) {
  const sent: Sent[] = [];
  const remember = (headers: MsgHdrs, answer: Sent['answer']) =>
    void sent.push({
      id: headers.get('Nats-Msg-Id'),
      batch: headers.get('Nats-Batch-Id'),
      commit: headers.get('Nats-Batch-Commit') === '1',
      answer,
    });
  const nats = {
    nc: { publish: (_: string, __: unknown, { headers }: { headers: MsgHdrs }) => remember(headers, () => undefined) },
    ask: (_: string, __: unknown, { headers }: { headers: MsgHdrs }) =>
      new Promise<Msg>((resolve) => remember(headers, (body) => resolve({ json: () => body } as unknown as Msg))),
  };
  const group = openGroupCommit(nats as unknown as Nats, () => cpuBound);
  const store = (count: number, bytes = 10, timeoutMs = 5_000): Promise<Verdict>[] =>
    Array.from({ length: count }, (_, index) =>
      group.store({ subject: 's', payload: new Uint8Array(bytes), messageId: String(index) }, timeoutMs),
    );
  const singles = () => sent.filter(({ batch }) => batch === '');
  const batched = () => sent.filter(({ batch }) => batch !== '');
  return { sent, store, singles, batched };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const stored = { kind: 'stored', duplicate: false };

/** Answers whatever is under way, again and again, until all are stored. */
async function finish(sent: readonly Sent[], verdicts: readonly Promise<Verdict>[]): Promise<void> {
  let open = true;
  const all = Promise.all(verdicts).finally(() => (open = false));
  while (open) {
    const sizes = new Map<string, number>();
    for (const { batch } of sent) sizes.set(batch, (sizes.get(batch) ?? 0) + 1);
    for (const { batch, commit, answer } of sent) answer({ seq: 1, ...(commit && { count: sizes.get(batch) }) });
    await turn();
  }
  for (const verdict of await all) assert.deepEqual(verdict, stored);
}

test('where the processor is the limit, a backlog is stored one by one, sixteen at a time', async () => {
  const { sent, store, singles, batched } = setUp(true);
  const verdicts = store(40);
  assert.equal(singles().length, 16);
  await finish(sent, verdicts);
  assert.equal(singles().length, 40);
  assert.equal(batched().length, 0);
});

test('where the disk is the limit, four go alone and a backlog of eight goes as one batch', async () => {
  const { sent, store, singles, batched } = setUp(false);
  const verdicts = store(20);
  assert.equal(singles().length, 4);
  assert.deepEqual(
    batched().map(({ id }) => id),
    ['4', '5', '6', '7', '8', '9', '10', '11'],
  );
  assert.equal(new Set(batched().map(({ batch }) => batch)).size, 1);
  await finish(sent, verdicts);
});

test('a batch holds two megabytes at most', async () => {
  const { sent, store, batched } = setUp(false);
  const verdicts = store(12, 600_000);
  assert.equal(batched().length, 3);
  await finish(sent, verdicts);
});

test('a batch that is refused is stored one by one: a fault of one is not its neighbours’', async () => {
  const { sent, store, batched, singles } = setUp(false);
  const verdicts = store(12);
  batched()
    .at(-1)
    ?.answer({ error: { err_code: 10201, description: 'batch publish contains duplicate message id' } });
  await turn();
  assert.equal(singles().length, 12);
  for (const { answer } of singles()) answer({ seq: 1 });
  for (const verdict of await Promise.all(verdicts)) assert.deepEqual(verdict, stored);
  assert.ok(sent.length > 12);
});

test('what nobody waits for any more is not sent', async () => {
  const { store, sent } = setUp(false);
  const verdicts = store(6, 10, 1);
  for (const verdict of await Promise.all(verdicts)) assert.equal(verdict.kind, 'again');
  const later = store(1);
  sent.forEach(({ answer }) => answer({ seq: 1 }));
  await turn();
  sent.at(-1)?.answer({ seq: 1 });
  assert.deepEqual(await later[0], stored);
  assert.deepEqual(
    sent.map(({ id }) => id),
    ['0', '1', '2', '3', '0'],
  );
});

test('a refused batch whose messages nobody waits for any more is not sent again', async () => {
  const { store, batched, singles } = setUp(false);
  await Promise.all(store(12, 10, 1));
  batched()
    .at(-1)
    ?.answer({ error: { err_code: 10201, description: 'refused' } });
  await turn();
  assert.equal(singles().length, 4);
});
