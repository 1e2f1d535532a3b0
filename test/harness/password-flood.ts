// A thread that fires wrong passwords over many connections at once, and tells how they were answered.
import { parentPort, workerData } from 'node:worker_threads';
import { dial, plain } from './smtp-dialogue.ts';

type Flood = {
  readonly port: number;
  readonly guesses: number;
  readonly guessesPerConnection: number;
  readonly users: readonly string[];
  readonly addresses: readonly string[];
  readonly atOnce: number;
};
const { port, guesses, guessesPerConnection, users, addresses, atOnce } = workerData as Flood;

const answers: Record<string, number> = {};
let fired = 0;

await Promise.all(Array.from({ length: atOnce }, guessOn));
parentPort?.postMessage({ answers, guesses: fired });

async function guessOn(): Promise<void> {
  while (fired < guesses) {
    const first = fired;
    const mine = Math.min(guessesPerConnection, guesses - fired);
    fired += mine;
    const localAddress = addresses[first % addresses.length] ?? '127.0.0.1';
    const client = await dial({ port, tls: true, localAddress });
    await client.reply(60_000);
    await client.say('EHLO client.test', 60_000);
    for (let guess = 0; guess < mine; guess += 1) {
      const username = users[(first + guess) % users.length] ?? '';
      const { code } = await client.say(`AUTH PLAIN ${plain(username, `guess-${first + guess}`)}`, 60_000);
      answers[code] = (answers[code] ?? 0) + 1;
    }
    client.close();
  }
}
