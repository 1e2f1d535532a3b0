// A server that hands out what was not acknowledged, and workers that end in the middle, without either: time runs as told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '@relayfleet/contract/envelope.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import type { DeferOptions } from '@relayfleet/jetstream/mail-queue.ts';
import type { Job } from './put-away.ts';
import { createSetbacks, type Work } from './setbacks.ts';

type Stored = {
  readonly id: string;
  /** Handed out from then on. */
  at: number;
  deliveries: number;
  setback: Setback | undefined;
  inHand: boolean;
  end: 'delivered' | 'given up' | undefined;
};

const second = 1_000;
const ackWaitMs = 30 * second;
const stepMs = 200;

/** Of the workers in the scene. */
const build = '2.0.0';

/** What the worker of an entry may do with it. Nothing that is under way when it dies has any effect. */
type Hands = { end(how: NonNullable<Stored['end']>): void; die(): void };
type SceneWork = (entry: Stored, job: Job, hands: Hands) => Promise<void>;

function setUp(ids: readonly string[], work: SceneWork) {
  const entries = ids.map((id): Stored => ({
    id,
    at: 0,
    deliveries: 0,
    setback: undefined,
    inHand: false,
    end: undefined,
  }));
  const scene = { now: 1_000_000_000_000, puts: 0, defects: 0, deaths: 0, recorded: new Set<string>() };
  const startedAt = scene.now;
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const sleep = (ms: number) =>
    new Promise<void>((wake) => {
      sleepers.push({ until: scene.now + ms, wake });
    });
  let worker = startWorker();

  function startWorker() {
    const life = { alive: true };
    const never = new Promise<never>(() => undefined);
    const ifAlive = async (effect: () => void) => (life.alive ? effect() : never);
    const byId = (id: string) => entries.find((entry) => entry.id === id)!;
    const queue = {
      defer: async (envelope: Envelope, atMs: number, { setback }: DeferOptions) => {
        await sleep(10); // a synced write
        await ifAlive(() => {
          scene.puts += 1;
          Object.assign(byId(envelope.id), { at: atMs, deliveries: 0, setback, inHand: false });
        });
        return { ok: true, duplicate: false };
      },
    };
    const report = {
      deliveryDefect: () => void (scene.defects += 1),
      setBack: () => undefined,
      queueProblem: () => assert.fail('the queue is fine'),
    };
    const deps = {
      queue,
      report,
      now: () => scene.now,
      signal: new AbortController().signal,
      build,
      wait: sleep,
      isRecorded: async ({ envelope }: Job) => scene.recorded.has(envelope.id),
    };
    const carry = createSetbacks(deps as unknown as Parameters<typeof createSetbacks>[0]);
    const die = () => {
      if (!life.alive) return;
      life.alive = false;
      scene.deaths += 1;
      for (const entry of entries) if (entry.inHand) Object.assign(entry, { inHand: false, at: scene.now + ackWaitMs });
      worker = startWorker();
    };
    /** One pull: all of it has been handed out when the first is begun. */
    const take = (pulled: readonly Stored[]) => {
      for (const entry of pulled) Object.assign(entry, { inHand: true, deliveries: entry.deliveries + 1 });
      for (const entry of pulled) if (life.alive) begin(entry);
    };
    const begin = (entry: Stored) => {
      const { deliveries, setback } = entry;
      const taken = {
        deliveries,
        setback,
        woken: false,
        done: async () => true,
        release: () => assert.fail('released'),
      };
      const platform = { namespace: 'shop', name: 'orders' };
      const envelope = { id: entry.id, platform, domain: 'shop.test', body: { kind: 'chunks' } };
      const job = { taken, envelope } as unknown as Job;
      const working: Work = async (each) => {
        const end: Hands['end'] = (how) => void (life.alive && (entry.end = how));
        await work(entry, each, { end, die });
        await ifAlive(() => undefined);
        entry.inHand = false;
      };
      void carry(job, working);
    };
    return { take };
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve));
  async function run(untilMs: number): Promise<void> {
    while (scene.now - startedAt < untilMs && entries.some(({ end }) => end === undefined)) {
      worker.take(entries.filter(({ end, inHand, at }) => end === undefined && !inHand && at <= scene.now));
      await settled();
      scene.now += stepMs;
      const due = sleepers.filter(({ until }) => until <= scene.now);
      sleepers = sleepers.filter(({ until }) => until > scene.now);
      for (const { wake } of due) wake();
      await settled();
    }
  }
  const passed = () => scene.now - startedAt;
  return { entries, scene, sleep, run, passed };
}

const hour = 3_600 * second;
const innocents = ['b', 'c', 'd', 'e', 'f'];

for (const [how, lastsMs] of Object.entries({ 'at once': 0, 'after a while': 2 * second }))
  test(`a mail that ends its workers ${how} is given up alone; whoever was in hand with it is delivered`, async () => {
    const most = new Map<string, number>();
    const { entries, scene, sleep, run, passed } = setUp(['killer', ...innocents], async (entry, job, { end, die }) => {
      most.set(entry.id, Math.max(most.get(entry.id) ?? 0, entry.setback?.times ?? 0));
      if (job.unworkable !== undefined) return end('given up');
      if (lastsMs > 0) await sleep(lastsMs);
      if (entry.id === 'killer') return die();
      await sleep(3 * second);
      end('delivered');
    });
    await run(2 * hour);
    const ends = Object.fromEntries(entries.map(({ id, end }) => [id, end]));
    assert.deepEqual(ends, { killer: 'given up', ...Object.fromEntries(innocents.map((id) => [id, 'delivered'])) });
    for (const id of innocents) assert.ok(most.get(id)! <= 2, `${id} was set back ${most.get(id)} times`);
    assert.ok(passed() >= hour && passed() < 1.5 * hour, `${passed() / second} s`);
    assert.ok(scene.deaths <= 25, `${scene.deaths} deaths`);
  });

for (const takes of [second, 20 * second])
  test(`what may have ended its workers is worked on one at a time, each for ${takes / second} s`, async () => {
    const many = Array.from({ length: 20 }, (_, n) => `innocent-${n}`);
    let working = 0;
    let most = 0;
    const { entries, run, sleep } = setUp(many, async (_, __, { end }) => {
      most = Math.max(most, ++working);
      await sleep(takes);
      working -= 1;
      end('delivered');
    });
    for (const entry of entries) entry.setback = { because: 'workers-ended', times: 3, since: 0 };
    await run(hour);
    assert.deepEqual([most, entries.every(({ end }) => end === 'delivered')], [1, true]);
  });

test('whoever comes with the one that does it again, in the same pull, is out of its way before', async () => {
  const { entries, scene, run } = setUp(['killer', ...innocents], async (entry, _, { end, die }) => {
    if (entry.id === 'killer') die();
    else end('delivered');
  });
  for (const entry of entries) entry.setback = { because: 'workers-ended', times: 3, since: 0 };
  await run(35 * second);
  assert.equal(scene.deaths, 1);
  for (const { id, setback } of entries) assert.equal(setback?.times, id === 'killer' ? 4 : 3, id);
});

test('a suspect that takes its time, rather than its worker along, keeps the others waiting for a moment only', async () => {
  const many = Array.from({ length: 100 }, (_, n) => `innocent-${n}`);
  let waited = 0;
  const { entries, run, sleep, passed } = setUp(['slow', ...many], async ({ id }, _, { end }) => {
    await sleep(id === 'slow' ? 30 * 60 * second : second);
    if (id !== 'slow') waited = passed();
    end('delivered');
  });
  for (const entry of entries) entry.setback = { because: 'workers-ended', times: 1, since: 0 };
  await run(hour);
  assert.ok(entries.every(({ end }) => end === 'delivered'));
  assert.ok(waited < 10 * 60 * second, `${waited / second} s`);
});

const over = { because: 'workers-ended', times: 20, since: 0 } as const;

for (const [whose, lastTry] of Object.entries({ 'another build': '1.0.0', nobody: undefined }))
  for (const deliveries of [0, 1])
    test(`what ended its workers for over an hour, its last try announced by ${whose}, is tried by this one (${deliveries})`, async () => {
      const { entries, run, scene } = setUp(['a'], async (_, job, { end }) =>
        end(job.unworkable === undefined ? 'delivered' : 'given up'),
      );
      Object.assign(entries[0]!, { deliveries, setback: { ...over, ...(lastTry !== undefined && { lastTry }) } });
      await run(hour);
      assert.deepEqual([entries[0]?.end, scene.deaths], ['delivered', 0]);
    });

test('of which this build announced the last try, and its worker ended, that is given up', async () => {
  const { entries, run, scene } = setUp(['a'], async (_, job, { end }) =>
    end(job.unworkable === undefined ? 'delivered' : 'given up'),
  );
  Object.assign(entries[0]!, { deliveries: 1, setback: { ...over, lastTry: build } });
  await run(hour);
  assert.deepEqual([entries[0]?.end, scene.puts], ['given up', 0]);
});

for (const [deliveries, puts] of [
  [2, 0],
  [5, 1],
] as const)
  test(`what was handed out ${deliveries + 1} times and is on record is ${puts === 0 ? 'finished' : 'set back after all'}`, async () => {
    const { entries, run, scene } = setUp(['a'], async (_, __, { end }) => end('delivered'));
    scene.recorded.add('a');
    entries[0]!.deliveries = deliveries;
    await run(hour);
    assert.deepEqual([entries[0]?.end, scene.puts], ['delivered', puts]);
  });

test('a defect met for half an hour costs pauses, no mail, and keeps nobody else waiting', async () => {
  let mended = false;
  const { entries, scene, run, passed } = setUp(['a', ...innocents], async (entry, job, { end }) => {
    assert.equal(job.unworkable, undefined);
    if (entry.id === 'a' && !mended) throw new Error('a defect');
    end('delivered');
  });
  await run(0.5 * hour);
  assert.deepEqual(
    entries.filter(({ end }) => end === undefined).map(({ id }) => id),
    ['a'],
  );
  assert.ok(scene.puts >= 9 && scene.puts <= 20, `${scene.puts} puts`);
  assert.equal(scene.defects, scene.puts);
  mended = true;
  await run(hour);
  assert.equal(entries[0]?.end, 'delivered');
  assert.ok(passed() < 0.5 * hour + 400 * second);
});

test('a defect met for over an hour gives the mail up; where even that meets it, the mail stays', async () => {
  let mayBeGivenUp = false;
  const { entries, run, passed, scene } = setUp(['a'], async (_, job, { end }) => {
    if (job.unworkable === undefined || !mayBeGivenUp) throw new Error('a defect');
    end('given up');
  });
  await run(2 * hour);
  assert.deepEqual([entries[0]?.end, passed()], [undefined, 2 * hour]);
  assert.ok(scene.puts < 60, `${scene.puts} puts`);
  mayBeGivenUp = true;
  await run(3 * hour);
  assert.equal(entries[0]?.end, 'given up');
});
