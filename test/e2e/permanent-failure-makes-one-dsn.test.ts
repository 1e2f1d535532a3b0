// RFC 3464: a recipient refused for good comes back to the sender once, as a report that programs can read, signed like
// any mail of the domain, from the null sender.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFleet } from '../harness/fleet.ts';
import { askServer, judge } from '../harness/judges.ts';
import { usual } from '../harness/manifests.ts';
import { untilQueueIsEmpty } from '../harness/queue-view.ts';
import { readReport } from '../harness/report.ts';
import { until } from '../harness/until.ts';

const gone = 'gone@receiver.test';

test('a permanent failure makes one DSN', { timeout: 240_000 }, async (t) => {
  const fleet = await startFleet(t);
  const { script, taken, asked } = fleet.receiver;
  script.rcpt = (address) => (address === gone ? '550 5.1.1 no such user here' : undefined);

  const sent = await fleet.send({ to: [usual.to, gone] });
  assert.equal(sent.result.kind, 'accepted');
  const bounce = await until('a bounce', () => taken.find(({ from }) => from === ''));
  await untilQueueIsEmpty(fleet.ready);

  assert.deepEqual(bounce.to, [usual.from]);
  assert.equal(asked.get(gone), 1, 'refused for good is not asked again');
  assert.equal(taken.length, 2, 'the mail to the other recipient, and one bounce');
  assert.equal(fleet.ledger.receivedOf(sent.mark, usual.to), 1);

  const report = readReport(bounce.raw);
  assert.match(report.header['auto-submitted'] ?? '', /^auto-replied/); // RFC 3834 §5
  assert.match(report.message['reporting-mta'] ?? '', /^dns; ?relay\.fleet\.test$/); // RFC 3464 §2.2.2
  assert.equal(report.recipients.length, 1);
  const [recipient] = report.recipients;
  assert.match(recipient?.['final-recipient'] ?? '', /^rfc822; ?gone@receiver\.test$/i);
  assert.equal(recipient?.['action'], 'failed');
  assert.equal(recipient?.['status'], '5.1.1');
  assert.match(recipient?.['diagnostic-code'] ?? '', /^smtp; ?550.*no such user here/);
  assert.match(report.returned, new RegExp(`^X-Ledger: ${sent.mark}\\r?$`, 'm'));
  const [judgement] = await judge([bounce], usual.domain, askServer(fleet.ready().dns));
  assert.deepEqual(judgement?.dkim, ['ed25519-sha256 pass', 'rsa-sha256 pass']);
  assert.equal(judgement?.dmarc, 'pass');
});
