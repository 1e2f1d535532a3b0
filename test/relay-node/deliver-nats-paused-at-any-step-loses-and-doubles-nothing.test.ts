// nats-server stands still with a write of the node in its hands, until the node has left it; then it goes on and carries the write
// out late, beside its repetition. The record, the notice and the schedule are there once all the same, and so is the mail.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-delivery.ts';

test('nats-server paused at any step of a delivery loses and doubles nothing', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server, paused'),
);
