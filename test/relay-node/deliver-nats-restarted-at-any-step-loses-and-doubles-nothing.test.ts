// nats-server ends in order at every step of a delivery, as in an upgrade, and is started again at once: it says goodbye and may
// carry out what it has read. The node repeats the write whose answer is missing, and not the mail.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-delivery.ts';

test('nats-server restarted at any step of a delivery loses and doubles nothing', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server, stopped'),
);
