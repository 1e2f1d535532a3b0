// Whoever deletes a RelayDomain loses no mail by it: nothing new is taken, what is queued leaves with the domain's signatures, and
// only then the object goes, and its private key with it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { arrival } from '../harness/arrival.ts';
import { remove } from '../harness/edit.ts';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';
import { untilCondition } from '../harness/statuses.ts';
import { until } from '../harness/until.ts';

const domain = { kind: 'RelayDomain', name: 'shop' } as const;

test('a deleted domain’s queue is delivered, signed, and then its key goes', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t, { retries: '1s' });
  const key = join(fleet.directory, 'state', 'operator', 'secrets', usual.namespace, 'shop-dkim.yaml');
  const ask = askServer(fleet.ready().dns);
  const published = new Map<string, ReturnType<typeof ask>>();
  /** DNS as it was when first asked: the records of a deleted domain are nobody's business to keep. */
  const dns: typeof ask = (name, type) => {
    const answer = published.get(`${type} ${name}`) ?? ask(name, type);
    published.set(`${type} ${name}`, answer);
    return answer;
  };
  const before = await judge([await arrival(fleet.receiver, (await fleet.send()).result)], usual.domain, dns);

  await fleet.receiver.goAway();
  const waiting = await Promise.all([1, 2].map((node) => fleet.send({ node })));
  remove(fleet, 'RelayDomain');
  const told = await untilCondition(fleet, domain, { type: 'Ready', status: 'False', reason: 'Draining' });
  assert.match(told.message, /being deleted/);
  await until('every node refuses its mail', async () => {
    const answers = await Promise.all([1, 2].map((node) => fleet.send({ node }).catch(() => undefined)));
    return answers.every((sent) => sent !== undefined && sent.result.kind !== 'accepted');
  });
  assert.ok(existsSync(key), 'what waits needs it');

  await fleet.receiver.comeBack();
  await fleet.allArrived();
  const mails = await Promise.all(waiting.map(({ result }) => arrival(fleet.receiver, result)));
  const [wanted] = before;
  for (const verdict of await judge(mails, usual.domain, dns)) {
    assert.deepEqual([verdict.dkim, verdict.dmarc], [wanted?.dkim, wanted?.dmarc]);
    assert.ok(verdict.dkim.length > 0 && verdict.dkim.every((each) => each.endsWith('pass')));
  }
  await until('it is gone, and its key with it', () => !existsSync(key), { withinMs: 60_000 });
  assert.deepEqual(fleet.ledger.verdict().duplicates, []);
});
