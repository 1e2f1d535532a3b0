// nats-server ends in order at every step of a submission, as in an upgrade, and is started again at once: it says goodbye and may
// carry out what it has read. The client waits a little longer for its 250, and the mail is stored once, for all its destinations.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-acceptance.ts';

test('nats-server restarted at any step of a submission costs the client time alone', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'nats-server, stopped'),
);
