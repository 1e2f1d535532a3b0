// nats-server stands still at every step of a submission until its node has left it, and then goes on with what it was sent: the client
// waits for its 250, and the mail is stored once, for all its destinations.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-acceptance.ts';

test('nats-server paused at any step of a submission costs the client time alone', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server, paused'),
);
