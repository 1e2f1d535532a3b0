// 10,000 wrong passwords from a few addresses at once, against users that exist and users that do not. The clients that fire them run
// in a thread of their own, so that this thread's event loop is the node's.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { hashChosen } from '@relayfleet/contract/secret-hash.ts';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { dial, plain } from '../harness/smtp-dialogue.ts';
import { platformPolicy, usualLogin } from '../harness/snapshot.ts';

const chosen = { username: 'chosen.shop', password: 'a password someone chose' } as const;
const node = await startAcceptingNode({
  content: {
    platforms: [
      platformPolicy(),
      platformPolicy({ username: chosen.username, secrets: [await hashChosen(chosen.password, Buffer.alloc(16, 5))] }),
    ],
  },
});
after(() => node.stop());

const guesses = 10_000;
const guessesPerConnection = 3;

/** A login on a connection of its own: its code, and milliseconds from AUTH to the answer. */
async function login({ username, password }: { username: string; password: string }, localAddress: string) {
  const client = await dial({ port: node.implicitPort, tls: true, localAddress });
  await client.reply();
  await client.say('EHLO client.test');
  const started = performance.now();
  const { code } = await client.say(`AUTH PLAIN ${plain(username, password)}`);
  client.close();
  return { code, ms: performance.now() - started };
}

type Fired = { readonly answers: Readonly<Record<string, number>>; readonly guesses: number };

test('the event loop keeps coming round, and right passwords get through', { timeout: 180_000 }, async (t) => {
  const flood = new Worker(new URL('../harness/password-flood.ts', import.meta.url), {
    workerData: {
      port: node.implicitPort,
      guesses,
      guessesPerConnection,
      users: [usualLogin.username, chosen.username, 'nobody.shop'],
      addresses: ['127.0.4.1', '127.0.4.2', '127.0.4.3', '127.0.4.4'],
      atOnce: 120,
    },
  });
  const over = new Promise<Fired>((resolve, reject) => flood.once('message', resolve).once('error', reject));
  let fired: Fired | undefined;
  void over.then((result) => (fired = result)).catch(() => undefined);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const logins: { code: number; ms: number }[] = [];
  while (fired === undefined) {
    logins.push(await login(usualLogin, '127.0.4.1')); // from the address of an attacker: a minted password waits for nobody
    logins.push(await login(chosen, '127.0.4.9'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  delay.disable();
  const { answers } = await over;
  const worst = Math.max(...logins.map(({ ms }) => ms));
  const [p99, most] = [delay.percentile(99) / 1e6, delay.max / 1e6].map(Math.round);
  t.diagnostic(
    `answers ${JSON.stringify(answers)}; loop p99 ${p99} ms, max ${most} ms; ${logins.length} logins, worst ${worst} ms`,
  );
  assert.equal(fired.guesses, guesses);
  assert.ok(answers['535'] && answers['454'] && answers['421'], 'some are checked, the rest is turned away');
  assert.equal(Object.keys(answers).length, 3);
  assert.deepEqual([...new Set(logins.map(({ code }) => code))], [235]);
  assert.ok(logins.length >= 4 && worst < 3_000, `${logins.length} logins, worst ${worst} ms`);
  assert.ok(p99! < 200 && most! < 1_000, `loop p99 ${p99} ms, max ${most} ms`);
});

test('no oracle: a wrong password takes as long as a user that does not exist', { timeout: 60_000 }, async () => {
  const took = new Map<string, number[]>();
  for (let round = 0; round < 7; round += 1)
    for (const username of [usualLogin.username, chosen.username, 'nobody.shop']) {
      const { code, ms } = await login({ username, password: 'guess' }, '127.0.4.9');
      assert.equal(code, 535);
      took.set(username, [...(took.get(username) ?? []), ms]);
    }
  const medians = [...took.values()].map((times) => times.toSorted((a, b) => a - b)[3] ?? 0);
  assert.ok(Math.max(...medians) < 2 * Math.min(...medians), medians.map(Math.round).join(', '));
});
