import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineNews } from './line-news.ts';

const at = '2026-11-02T10:00:00.000Z';
const id = '01K8ZC6YB3V4WQ0N2M7T5RXH9E';

function told(part: string, line: object): string | undefined {
  return lineNews(part, JSON.stringify({ at, level: 'info', ...line }))?.words;
}

test('a mail is told from acceptance to the receiver', () => {
  assert.equal(
    told('node-1', { msg: 'accepted', id, platform: 'shop/orders', kind: 'mail' }),
    `${id}  accepted by node-1 from shop/orders`,
  );
  const results = [{ n: 0, outcome: 'deferred', category: 'peer', code: 451, status: '4.3.0' }];
  const nextDue = Date.parse(at) + 60_000;
  assert.equal(
    told('node-2', { msg: 'attempted', id, results, nextDue }),
    `${id}  deferred (451 4.3.0 peer), next try in 60 s, by node-2`,
  );
  const verdicts = {
    dkim: [],
    spf: { result: 'pass', domain: '' },
    dmarc: { result: 'fail', domain: '', policy: 'none' },
  };
  assert.equal(
    told('receiver', { msg: 'mail received', id: null, verdicts, file: '/r/1.eml' }),
    'a mail  received: dkim=none spf=pass dmarc=fail  /r/1.eml',
  );
});

test('refusals and complaints are told, what only repeats them is not', () => {
  assert.equal(
    told('node-1', { msg: 'refused', reason: 'senderNotAllowed', code: 550, status: '5.7.1', platform: 'shop/orders' }),
    'node-1 refused shop/orders: 550 5.7.1 senderNotAllowed',
  );
  assert.equal(told('node-1', { msg: 'refused', reason: 'badSequence', code: 503, status: '5.5.1' }), undefined);
  assert.equal(
    told('operator', { level: 'warn', msg: 'fleet cannot be served', fleet: 'a/b', problem: 'NATS is not connected' }),
    'operator: fleet cannot be served; a/b; NATS is not connected',
  );
  assert.equal(told('operator', { level: 'warn', msg: 'manifest refused', problems: ['x'] }), undefined);
});

test('the rest is silence', () => {
  assert.equal(told('node-1', { msg: 'configuration adopted', generation: 3 }), undefined);
  assert.equal(told('node-1', { msg: 'settled', id }), undefined);
  for (const text of ['', 'Error: no JSON', '{', 'null', '42', '{"msg":"accepted"}'])
    assert.equal(lineNews('node-1', text), undefined);
});
