// A mail for two destinations shares one stored body. The first is delivered and acknowledged, its node dies at that moment, and the
// sweep comes by: the second, which waits for hours by the sweep's clock, has its body all the same, and then it goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStoredBodies } from '@relayfleet/jetstream/stored-bodies.ts';
import { createBodySweep } from '@relayfleet/operator/sweep/body-sweep.ts';
import { startKillScene } from '../harness/kill-scene.ts';
import { hang } from '../harness/scripted-peer.ts';

const first = 'one@a.test';
const second = 'two@b.test';

test(
  'the first of two destinations finishes and its node dies: the second has its body',
  { timeout: 120_000 },
  async (t) => {
    const scene = await startKillScene(t);
    const clock = { now: 0 };
    const bodies = openStoredBodies(await scene.fleet.nats.connect('operator'));
    const sweep = createBodySweep({ bodies, monotonic: () => clock.now, limits: { looks: 100, ms: 60_000 } });
    const sweepAnHourLater = () => {
      clock.now += 3_600_000;
      return sweep.pass(new AbortController().signal);
    };

    scene.peer.script = { RCPT: (line) => (line.includes(second) ? hang : undefined) };
    const died = scene.killAt('node', {
      when: 'after',
      write: ({ subject, payload }) => subject.startsWith('$JS.ACK.') && payload.includes('+ACK'),
    });
    const session = await scene.session();
    const mail = await scene.offer(session, { to: [first, second], size: 50_000 });
    assert.equal(mail.result.kind, 'accepted');
    await died;
    assert.deepEqual((await scene.account(mail)).copies, { [first]: 1 });

    for (let hour = 0; hour < 3; hour++) assert.deepEqual(await sweepAnHourLater(), { finished: 0, orphans: 0 });
    scene.peer.script = {};
    await scene.revive('node');
    await scene.settled();
    const account = await scene.account(mail);
    assert.deepEqual(account, {
      copies: { [first]: 1, [second]: 1 },
      notices: 0,
      settled: 2,
      delivered: 2,
      bounced: 0,
    });
    const [one, two] = scene.peer.mails.map(({ raw }) => raw.subarray(-50_000));
    assert.deepEqual(one, two);

    assert.deepEqual(await sweepAnHourLater(), { finished: 0, orphans: 0 }, 'seen without an entry for the first time');
    assert.deepEqual(await sweepAnHourLater(), { finished: 1, orphans: 0 });
    assert.equal((await bodies.list()).size, 0);
  },
);
