// A next hop that refuses, says 421 or hangs up at each verb in turn: every mail ends as the fault deserves, and what was put off
// is delivered, once, when the fault is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotWith, startRig, usualMail, viaSmarthosts } from '../harness/delivery-rig.ts';
import { hasSmtpSink, startSmtpSink, type SmtpSink } from '../harness/smtp-sink.ts';
import { until } from '../harness/until.ts';

type End = 'delivered' | 'deferred' | 'bounced';
type Case = { readonly options: readonly string[]; readonly first: End };

const verbs = ['CONNECT', 'EHLO,HELO', 'MAIL', 'RCPT', 'DATA', '.'];
const at = (option: string, verb: string): readonly string[] => [option, verb];
/** RFC 5321 §4.2.1: a 5yz answer to what concerns this mail is final; one to the greeting or EHLO is about the host. */
const refusable = new Set(['MAIL', 'RCPT', 'DATA', '.']);

const cases: readonly Case[] = [
  { options: [], first: 'delivered' },
  { options: ['-p'], first: 'delivered' },
  { options: ['-E'], first: 'delivered' },
  { options: ['-N'], first: 'delivered' },
  { options: ['-e'], first: 'delivered' }, // greets as one that knows no EHLO
  { options: ['-P'], first: 'delivered' }, // a firewall of old in front of it
  { options: at('-r', 'EHLO'), first: 'delivered' }, // RFC 5321 §3.2: HELO is tried then
  { options: at('-f', 'EHLO'), first: 'delivered' },
  { options: at('-q', 'QUIT'), first: 'delivered' },
  { options: at('-f', 'QUIT'), first: 'delivered' },
  { options: at('-Q', 'QUIT'), first: 'delivered' },
  ...verbs.map((verb): Case => ({ options: at('-r', verb), first: 'deferred' })),
  ...verbs.map((verb): Case => ({ options: at('-q', verb), first: 'deferred' })),
  ...verbs.map((verb): Case => ({ options: at('-Q', verb), first: 'deferred' })),
  ...verbs.map((verb): Case => ({ options: at('-f', verb), first: refusable.has(verb) ? 'bounced' : 'deferred' })),
  { options: ['-A', '1'], first: 'bounced' }, // reads nothing after its 354, and says 550 a second later
];

test('each fault at each verb ends as it should, and nothing is lost or doubled', async (t) => {
  if (!hasSmtpSink()) return t.skip('smtp-sink comes with Postfix: apt-get install postfix');
  const sinks: SmtpSink[] = [];
  for (const { options } of cases) sinks.push(await startSmtpSink(t, options));
  const domain = (i: number) => `case-${i}.test`;
  const home = await startSmtpSink(t); // notices go to the sender's own domain
  const routes = sinks.map(({ port }, i) => ({
    ...viaSmarthosts({ port })[0]!,
    name: `case-${i}`,
    recipientDomains: [domain(i)],
  }));
  const rig = await startRig(t, snapshotWith({ routes: [...routes, ...viaSmarthosts({ port: home.port })] }));
  const ids: string[] = [];
  for (const i of cases.keys()) {
    const recipients = [{ n: 0, address: `someone@${domain(i)}` }];
    ids.push((await rig.commit({ recipients, destination: `case-${i}` })).id);
  }
  rig.start({ retryDelays: [3_000, 500] });

  const firstAttempts = () =>
    ids.map((id) => rig.report.events.find((event) => event.type === 'attempted' && event.id === id));
  await until('an attempt of each', () => !firstAttempts().includes(undefined), { withinMs: 30_000 });
  assert.deepEqual(
    firstAttempts().map((event, i) => [
      cases[i]!.options.join(' '),
      event?.type === 'attempted' && event.results[0]?.outcome,
    ]),
    cases.map(({ options, first }) => [options.join(' '), first]),
  );

  const healthy: SmtpSink[] = [];
  for (const [i, { port, stop }] of sinks.entries())
    if (cases[i]!.first === 'deferred') {
      await stop();
      healthy.push(await startSmtpSink(t, [], port));
    }
  const bounced = cases.filter(({ first }) => first === 'bounced').length;
  const settled = await rig.events('settled', cases.length + bounced, 60_000);
  await rig.entries();
  const delivered = settled.filter(({ id }) => ids.includes(id)).reduce((sum, { totals }) => sum + totals.delivered, 0);
  assert.equal(delivered, cases.length - bounced);
  // One that failed dumps what it was offered, too: only where it says so has it taken the mail.
  const taking = [...sinks.filter((_, i) => cases[i]!.first === 'delivered'), ...healthy];
  const taken = taking.flatMap((sink) => sink.mails());
  assert.equal(home.mails().length, bounced);
  assert.deepEqual(
    taken.map(({ rcpt }) => rcpt.join()).toSorted(),
    cases.flatMap(({ first }, i) => (first === 'bounced' ? [] : [`<someone@${domain(i)}>`])).toSorted(),
  );
  const text = usualMail.toString().replaceAll('\r\n', '\n');
  for (const { message } of taken) assert.ok(message.endsWith(text), message);
});
