// kill -9 of nats-server at every step of a submission, started again at once: the client waits a little longer for its 250, and the
// mail is stored once, for all its destinations, also where the first answer of the server was lost.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-acceptance.ts';

test('nats-server killed at any step of a submission costs the client time alone', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server'),
);
