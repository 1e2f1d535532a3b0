import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { WantedSnapshot } from '../plan.ts';
import type { Bucket } from '../snapshot/publish.ts';
import type { Publisher } from '../snapshot/publisher.ts';
import type { PublishedSnapshot } from '../world.ts';
import type { DrainQueue } from './drain-watch.ts';
import { openFleetLink, type Connection, type LinkConnection } from './fleet-link.ts';

const connection = {
  fleet: { namespace: 'n', name: 'f' },
  account: { url: 'nats://h:1' },
  sizing: { replicas: 1 },
  drains: [],
} as unknown as LinkConnection;
const snapshot = (digest: string) => ({ digest, seal: { fleetKey: { id: 'k' } } }) as WantedSnapshot;
const published = (digest: string, generation: number) => ({ digest, generation }) as PublishedSnapshot;

type Given = {
  readonly stored?: PublishedSnapshot;
  readonly away?: boolean;
  readonly nodes?: readonly Acknowledgement[] | 'unheard';
};

/** A link whose NATS, publisher and clock are the test's. Sleeps end when the test says `wake`, or by the link itself. */
function setUp({ stored, away = false, nodes = [] }: Given = {}) {
  const log: string[] = [];
  const nats = {
    connect: !away,
    prepare: 'ok',
    publish: (_digest: string): string | undefined => undefined,
    state: undefined as ((state: 'connected' | 'lost' | 'ended') => void) | undefined,
    slept: () => slept,
    say: undefined as ((latest: readonly Acknowledgement[]) => void) | undefined,
  };
  const clock = { monotonic: 0 };
  let slept = 0;
  let pause = 0;
  const sleepers: (() => void)[] = [];
  let held: PublishedSnapshot | undefined;
  let generation = stored?.generation ?? 0;
  const made: Connection = {
    bucket: {} as Bucket,
    queue: {} as DrainQueue,
    async prepare() {
      log.push('prepare');
      return nats.prepare === 'ok' ? { ok: true } : { ok: false, problem: nats.prepare };
    },
    onAcknowledgements(listener) {
      nats.say = listener;
      if (nodes !== 'unheard') void Promise.resolve().then(() => listener(nodes));
    },
    onState: (listener) => void (nats.state = listener),
    close: async () => void log.push('close'),
  };
  const publisher: Publisher = {
    published: () => held,
    async load() {
      log.push('load');
      held = stored;
    },
    async publish(_, { digest }) {
      const problem = nats.publish(digest);
      log.push(`publish ${digest}${problem === undefined ? '' : ` ${problem}`}`);
      if (problem !== undefined) throw new Error(problem);
      if (held?.digest === digest) return { ok: true, did: 'nothing', published: held };
      held = published(digest, ++generation);
      return { ok: true, did: 'advanced', published: held };
    },
  };
  const link = openFleetLink(connection, {
    now: () => 1_000_000 + clock.monotonic,
    monotonic: () => clock.monotonic,
    publisher,
    connect: async () => {
      log.push('connect');
      if (!nats.connect) throw new Error('connection refused');
      return made;
    },
    events: {
      natsProblem: (_, problem) => void log.push(`problem: ${problem}`),
      natsReady: () => void log.push('ready'),
      published: (_, { did }) => void log.push(did),
    },
    onChange: () => void log.push('changed'),
    backoff: { next: () => ++pause, reset: () => void (pause = 0) },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept = ms;
        sleepers.push(resolve);
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  });
  const settle = async (): Promise<string[]> => {
    await new Promise(setImmediate);
    return log.splice(0);
  };
  const wake = async (ms = 0): Promise<string[]> => {
    clock.monotonic += ms;
    for (const resolve of sleepers.splice(0)) resolve();
    return settle();
  };
  return { link, nats, settle, wake };
}

test('connects, prepares, loads what was published, publishes what is wanted', async () => {
  const { link, settle } = setUp();
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), [
    'connect',
    'prepare',
    'load',
    'publish a',
    'advanced',
    'changed',
    'ready',
    'changed',
  ]);
  assert.deepEqual(link.observation(), {
    nats: { ok: true },
    acknowledgements: [],
    drains: new Map(),
    published: published('a', 1),
  });
  link.want(connection, snapshot('b'));
  assert.deepEqual(await settle(), ['publish b', 'advanced', 'changed']);
  await link.close();
});

test('nothing is said before the first attempt has ended', async () => {
  const { link } = setUp();
  assert.equal(link.observation(), undefined);
  await link.close();
});

test('after a restart the plan hears what is published before anything is published', async () => {
  const { link, settle } = setUp({ stored: published('old', 7) });
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), ['connect', 'prepare', 'load', 'changed', 'ready', 'changed']);
  assert.equal(link.observation()?.published?.generation, 7);
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), ['publish a', 'advanced', 'changed']);
  await link.close();
});

test('nodes are heard before they are told anything, and the plan hears them', async () => {
  const held = { node: 'x', at: 1_000_000, generation: 7, highestSeen: 7, ready: true } as Acknowledgement;
  const { link, settle } = setUp({ nodes: [held] });
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), ['connect', 'prepare', 'changed', 'load', 'changed', 'ready', 'changed']);
  assert.equal(link.observation()?.acknowledgements[0]?.highestSeen, 7);
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), ['publish a', 'advanced', 'changed']);
  await link.close();
});

test('nodes that cannot be heard hold up nothing for ever', async () => {
  const { link, settle, wake, nats } = setUp({ nodes: 'unheard' });
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), ['connect', 'prepare']);
  assert.equal(nats.slept(), 10_000);
  assert.deepEqual(await wake(), ['load', 'publish a', 'advanced', 'changed', 'ready', 'changed']);
  await link.close();
});

test('a NATS that is away or unfit is a problem, said once, and is tried again', async () => {
  const { link, nats, settle, wake } = setUp({ away: true });
  assert.deepEqual(await settle(), ['connect', 'problem: connection refused', 'changed']);
  assert.deepEqual(await wake(), ['connect']);
  nats.connect = true;
  nats.prepare = 'too old';
  assert.deepEqual(await wake(), ['connect', 'prepare', 'problem: too old', 'changed']);
  nats.prepare = 'ok';
  assert.deepEqual(await wake(), ['prepare', 'ready', 'changed']);
  await link.close();
});

test('a lost connection is a problem at once, and everything is looked at when it is back', async () => {
  const { link, nats, settle } = setUp();
  link.want(connection, snapshot('a'));
  await settle();
  nats.publish = () => 'timeout';
  nats.state?.('lost');
  const said = await settle();
  assert.deepEqual(said.slice(0, 2), ['problem: the connection is lost; it is being restored', 'changed']);
  nats.publish = () => undefined;
  nats.state?.('connected');
  const again = await settle();
  assert.ok(again.includes('prepare') && again.includes('publish a') && again.includes('ready'), again.join());
  await link.close();
});

test('a server that is back is tried at short intervals again, however long it was away', async () => {
  const { link, nats, settle, wake } = setUp();
  link.want(connection, snapshot('a'));
  await settle();
  nats.publish = () => 'timeout';
  for (let failures = 0; failures < 5; failures++) await wake(10_000);
  assert.equal(nats.slept(), 5);
  nats.state?.('connected');
  await settle();
  assert.equal(nats.slept(), 1);
  await link.close();
});

test('a node that holds more than is published is outrun at once, although nothing else has changed', async () => {
  const { link, settle } = setUp();
  link.want(connection, snapshot('a'));
  await settle();
  link.want(connection, snapshot('a'));
  assert.deepEqual(await settle(), [], 'nothing is new');
  link.want(connection, { ...snapshot('a'), generationFloor: 9 });
  assert.deepEqual(await settle(), ['publish a']);
  await link.close();
});

test('a connection that ended for good is replaced', async () => {
  const { link, nats, settle, wake } = setUp();
  await settle();
  nats.state?.('ended');
  const said = [...(await settle()), ...(await wake())];
  assert.ok(said.includes('close') && said.includes('connect'), said.join());
  await link.close();
});

test('a bucket that vanished is made again within the same round', async () => {
  const { link, nats, settle, wake } = setUp();
  link.want(connection, snapshot('a'));
  await settle();
  let failures = 1;
  nats.publish = () => (failures-- > 0 ? 'stream not found' : undefined);
  assert.deepEqual(await wake(10_000), ['publish a stream not found', 'prepare', 'publish a']);
  await link.close();
});

test('acknowledgements are heard, heartbeats make no plan', async () => {
  const { link, nats, settle, wake } = setUp();
  await settle();
  const said = (at: number) => [{ node: 'x', at, generation: 1, ready: true } as Acknowledgement];
  nats.say?.(said(1_000_000));
  assert.deepEqual(await settle(), ['changed']);
  await wake(10_000);
  nats.say?.(said(1_010_000));
  assert.deepEqual((await settle()).includes('changed'), false);
  assert.equal(link.observation()?.acknowledgements[0]?.at, 1_010_000);
  await link.close();
});
