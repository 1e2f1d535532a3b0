// kill -9 of nats-server at every step of a delivery: before it has a write, and when it has stored one and the answer is lost.
// The node remembers what the server forgot: it repeats the write, and not the mail.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-delivery.ts';

test('nats-server killed at any step of a delivery loses and doubles nothing', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server'),
);
