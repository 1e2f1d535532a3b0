import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../backoff.ts';
import type { Api, ApiAnswer, ApiCall, ApiFailure, ApiStream } from './http.ts';
import { reflect } from './reflector.ts';
import { createStore, type Stored } from './store.ts';

type Thing = Stored & { readonly v: number };

const thing = (name: string, v: number, uid = name) => ({ metadata: { name, uid, resourceVersion: String(v) }, v });
const page = (items: unknown[], resourceVersion: string, next?: string): ApiAnswer => ({
  ok: true,
  object: { items, metadata: { resourceVersion, ...(next ? { continue: next } : {}) } },
});
const failure = (status: number, more: Partial<ApiFailure> = {}) =>
  ({ ok: false, failure: { status, reason: '', message: `HTTP ${status}`, ...more } }) as const;
const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (v: number) => event('BOOKMARK', { metadata: { resourceVersion: String(v) } });

/** A stream of these texts, cut into chunks of `size` bytes; `breaks` at its end. */
function stream(texts: readonly string[], { size = 1_000, breaks = false } = {}): ApiStream {
  const bytes = Buffer.from(texts.join(''));
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    if (breaks) throw new Error('other side closed');
  }
  return { ok: true, chunks: chunks() };
}

/** Runs a reflector against answers given in advance; it is stopped when they are used up. */
async function play(script: readonly (ApiAnswer | ApiStream)[], { lasts = 0 } = {}) {
  const stop = new AbortController();
  const answers = [...script];
  const calls: string[] = [];
  const pauses: number[] = [];
  const problems: string[] = [];
  let recovered = 0;
  let changed = 0;
  let clock = 0;
  const store = createStore<Thing>();
  const next = (call: ApiCall) => {
    const { resourceVersion, limit, continue: token, watch } = call.query ?? {};
    calls.push(watch ? `watch ${resourceVersion}` : `list${limit ? ` ${limit}` : ''}${token ? ` ${token}` : ''}`);
    if (answers.length === 1) stop.abort();
    clock += lasts;
    return answers.shift();
  };
  const api: Api = {
    request: async (call) => next(call) as ApiAnswer,
    stream: async (call) => next(call) as ApiStream,
    close: async () => undefined,
  };
  const { synced, ended } = reflect<Thing>({
    api,
    call: { path: '/things' },
    store,
    clean: (raw) => raw as Thing,
    backoff: createBackoff({ baseMs: 800, maxMs: 30_000, random: () => 0 }),
    random: () => 0.5,
    monotonic: () => clock,
    sleep: async (ms) => void pauses.push(ms),
    signal: stop.signal,
    events: {
      changed: () => changed++,
      failed: ({ message }) => void problems.push(message),
      recovered: () => recovered++,
    },
  });
  void synced;
  await ended;
  const held = [...store.values()].map(({ metadata, v }) => `${metadata.name}${v}`).sort();
  return { calls, pauses, problems, held, changed, recovered };
}

test('lists in pages, then watches from there, from the last bookmark on', async () => {
  const { calls, held, pauses, changed } = await play([
    page([thing('a', 1)], '9', 'more'),
    page([thing('b', 2)], '9'),
    stream([
      event('ADDED', thing('c', 10)),
      event('MODIFIED', thing('a', 11)),
      event('DELETED', thing('b', 12)),
      bookmark(20),
    ]),
    stream([bookmark(21)]),
  ]);
  assert.deepEqual(calls, ['list 500', 'list 500 more', 'watch 9', 'watch 20']);
  assert.deepEqual([held, pauses, changed], [['a11', 'c10'], [], 4]);
});

test('events are read however they are cut, with text beyond ASCII', async () => {
  const object = { ...thing('a', 3), note: 'größe €' };
  const { held } = await play([page([], '1'), stream([event('ADDED', object), bookmark(4)], { size: 1 })]);
  assert.deepEqual(held, ['a3']);
});

for (const [what, gone] of [
  ['an answer', failure(410)],
  ['an event', stream([event('ERROR', { code: 410, reason: 'Expired', message: 'too old' })])],
] as const)
  test(`410 as ${what} leads to a new list, and what vanished meanwhile is gone`, async () => {
    const { calls, held, pauses } = await play([
      page([thing('a', 1), thing('b', 1)], '5'),
      gone,
      page([thing('b', 1)], '30'),
      stream([bookmark(31)]),
    ]);
    assert.deepEqual(calls, ['list 500', 'watch 5', 'list 500', 'watch 30']);
    assert.deepEqual([held, pauses], [['b1'], []]);
  });

test('410 again and again is no busy loop', async () => {
  const { pauses } = await play([
    page([], '5'),
    failure(410),
    page([], '5'),
    failure(410),
    page([], '5'),
    failure(410),
    page([], '5'),
    failure(410),
  ]);
  assert.deepEqual(pauses, [800, 1600]);
});

test('pages that expire while they are read are replaced by one large list', async () => {
  const { calls, held } = await play([
    page([thing('a', 1)], '5', 'more'),
    failure(410),
    page([thing('z', 1)], '7'),
    stream([bookmark(8)]),
  ]);
  assert.deepEqual(calls, ['list 500', 'list 500 more', 'list', 'watch 7']);
  assert.deepEqual(held, ['z1']);
});

test('failures of every kind are waited out, longer each time, and told; the store stays', async () => {
  const { pauses, problems, held, recovered } = await play([
    failure(0),
    failure(503),
    page([thing('a', 1)], '5'),
    failure(500),
    failure(429, { retryAfterMs: 7_000 }),
    failure(0),
    stream([bookmark(6)]),
  ]);
  assert.deepEqual(problems, ['HTTP 0', 'HTTP 503', 'HTTP 500', 'HTTP 429', 'HTTP 0']);
  assert.deepEqual(pauses, [800, 1600, 3200, 7000, 6400]);
  assert.deepEqual([held, recovered], [['a1'], 2]);
});

test('a watch that worked and then broke is taken up at once, from where it was', async () => {
  const { calls, pauses } = await play([
    page([], '5'),
    stream([event('ADDED', thing('a', 6))], { breaks: true }),
    stream([], { breaks: true }),
    stream([bookmark(7)]),
  ]);
  assert.deepEqual(calls, ['list 500', 'watch 5', 'watch 6', 'watch 6']);
  assert.deepEqual(pauses, [800]);
});

test('a quiet watch that lasted is a good one', async () => {
  const { pauses } = await play([page([], '5'), stream([]), stream([]), stream([])], { lasts: 60_000 });
  assert.deepEqual(pauses, []);
});

test('watches that end at once and empty are no busy loop', async () => {
  const { pauses } = await play([page([], '5'), stream([]), stream([]), stream([]), stream([])]);
  assert.deepEqual(pauses, [800, 1600]);
});

test('an error event that is no 410 is a failure like any other', async () => {
  const { problems, calls } = await play([
    page([], '5'),
    stream([event('ERROR', { code: 500, message: 'etcd' })]),
    stream([bookmark(6)]),
  ]);
  assert.deepEqual([problems, calls.at(-1)], [['etcd'], 'watch 5']);
});

test('a line that is no JSON ends the watch and nothing else', async () => {
  const { problems, held } = await play([page([thing('a', 1)], '5'), stream(['{"type"\n']), stream([bookmark(6)])]);
  assert.equal(problems.length, 1);
  assert.deepEqual(held, ['a1']);
});
