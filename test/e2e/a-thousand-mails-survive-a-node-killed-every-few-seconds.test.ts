// The whole promise at once: clients, two nodes that die in turn, and a ledger outside. Nothing accepted is lost. A node
// that dies between the next hop's 250 and its own record makes a duplicate: at most what it had in its hands.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startFleet } from '../harness/fleet.ts';
import { sendAll } from '../harness/load.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';

const mails = 1_000;
const connections = 20;
/** RELAYFLEET_CONCURRENCY of the nodes: what one of them can have in its hands. */
const inFlight = 20;
const betweenKillsMs = 2_000;

test('a thousand mails survive a node killed every few seconds', { timeout: 300_000 }, async (t) => {
  const fleet = await startFleet(t, { env: { RELAYFLEET_CONCURRENCY: String(inFlight) } });
  fleet.receiver.script.thinkMs = () => Math.random() * 400;

  let kills = 0;
  const loaded = new AbortController();
  const killing = (async () => {
    while (!loaded.signal.aborted) {
      await delay(betweenKillsMs, undefined, { signal: loaded.signal }).catch(() => undefined);
      const victim = `node-${1 + (kills % 2)}`;
      const former = fleet.kill(victim, 'SIGKILL');
      kills += 1;
      await fleet.restarted(victim, former);
    }
  })();
  // Slow enough that the load outlasts several kills.
  await sendAll(fleet, { mails, connections, paceMs: 600 });
  loaded.abort();
  await killing;
  await fleet.allArrived();
  await untilQueueIsEmpty(fleet.ready);

  const verdict = fleet.ledger.verdict();
  const { submitted, accepted, unanswered, duplicates } = verdict;
  t.diagnostic(`${submitted} submitted, ${accepted} accepted, ${unanswered} unanswered, ${kills} kills`);
  t.diagnostic(`${verdict.lost.length} lost, ${duplicates.length} duplicates`);
  assert.ok(kills >= 4, `${kills} kills are too few to prove anything`);
  assert.ok(accepted >= mails * 0.8, `only ${accepted} accepted`);
  assert.deepEqual(verdict.lost, []);
  assert.deepEqual(verdict.unacceptedButDelivered, []);
  assert.ok(duplicates.length <= kills * inFlight, `${duplicates.length} duplicates in ${kills} kills`);
});
