// kill -9 of the node that accepts, at every step from DATA to the 250. A client without an answer has a mail that is stored whole or
// not at all, for all its destinations; a client with a 250 has one that arrives.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-acceptance.ts';

test('a node killed at any step of a submission loses nothing that got a 250', { timeout: 300_000 }, (t) =>
  killAtEveryStep(t, 'node'),
);
