import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan, WantedConnection, WantedSnapshot } from '../plan.ts';
import type { FleetObservation } from '../world.ts';
import { createFleetLinks } from './fleet-links.ts';

const fleet = (name: string) => ({ namespace: 'n', name });
const to = (name: string, password = 'p', storageBytes = 1) =>
  ({
    fleet: fleet(name),
    account: { url: 'nats://h:1', username: 'u', password },
    sizing: { storageBytes },
  }) as WantedConnection;
const plan = (
  connections: WantedConnection[],
  snapshots: WantedSnapshot[] = [],
): Pick<Plan, 'connections' | 'snapshots'> => ({ connections, snapshots });
const seen: FleetObservation = { nats: { ok: true }, acknowledgements: [] };

function setUp() {
  const log: string[] = [];
  let observation: FleetObservation | undefined;
  const links = createFleetLinks(({ fleet: { name }, account: { password } }) => {
    log.push(`open ${name} ${password}`);
    return {
      observation: () => observation,
      want: ({ sizing }, snapshot) => void log.push(`want ${name} ${sizing.storageBytes} ${snapshot?.digest}`),
      close: async () => void log.push(`close ${name}`),
    };
  });
  const said = () => log.splice(0);
  return { links, said, observe: (next: FleetObservation) => (observation = next) };
}

test('a link is opened once, hears every plan, and is closed when it is no longer wanted', async () => {
  const { links, said } = setUp();
  const snapshot = { fleet: fleet('a'), digest: 'd' } as WantedSnapshot;
  links.want(plan([to('a'), to('b')], [snapshot]));
  assert.deepEqual(said(), ['open a p', 'want a 1 d', 'open b p', 'want b 1 undefined']);
  links.want(plan([to('a', 'p', 2)]));
  assert.deepEqual(said(), ['close b', 'want a 2 undefined']);
  await links.close();
  assert.deepEqual(said(), ['close a']);
});

test('another account is another connection', async () => {
  const { links, said } = setUp();
  links.want(plan([to('a')]));
  links.want(plan([to('a', 'new')]));
  assert.deepEqual(said(), ['open a p', 'want a 1 undefined', 'close a', 'open a new', 'want a 1 undefined']);
  await links.close();
});

test('a fleet whose account cannot be read keeps the link it has and its old account; none is opened for it', async () => {
  const { links, said } = setUp();
  const unreadable = (name: string) => ({ ...to(name, '', 2), account: undefined });
  links.want(plan([to('a')]));
  said();
  const snapshot = { fleet: fleet('a'), digest: 'd' } as WantedSnapshot;
  links.want(plan([unreadable('a'), unreadable('b')], [snapshot]));
  assert.deepEqual(said(), ['want a 2 d']);
  links.want(plan([to('a')]));
  assert.deepEqual(said(), ['want a 1 undefined'], 'the same account is the same connection');
  await links.close();
});

test('a fleet is observed once its link has something to say', async () => {
  const { links, observe } = setUp();
  links.want(plan([to('a')]));
  assert.equal(links.observations().size, 0);
  observe(seen);
  assert.deepEqual([...links.observations()], [['n/a', seen]]);
  await links.close();
});
