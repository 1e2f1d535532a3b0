// kill -9 of the node that delivers, at every step between the message and the acknowledgement. The next node goes on from the
// record: nothing is lost, no notice comes twice, and a second copy takes the one moment in which only the next hop knew.
import { test } from 'node:test';
import { killAtEveryStep } from '../harness/kill-delivery.ts';

test('a node killed at any step of a delivery loses nothing', { timeout: 300_000 }, (t) => killAtEveryStep(t, 'node'));
