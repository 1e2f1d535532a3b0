// What `relayfleet send` says of a submission, step by step, against servers that fail at each of them; and that neither password nor
// mail goes to a server whose certificate is not the one to be trusted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { submit, type Submission, type SubmissionResult } from '../../cli/src/send/submit.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { freePort } from '../harness/ports.ts';
import { drop, startPeer, type PeerOptions, type ScriptedPeer } from '../harness/scripted-peer.ts';

const authority = makeAuthority();
const certificate = authority.issue('localhost');
const offers = ['SIZE 1000000', '8BITMIME', 'SMTPUTF8', 'AUTH PLAIN LOGIN'];

async function peer(options: PeerOptions = {}): Promise<ScriptedPeer> {
  return startPeer({ tls: { ...certificate, implicit: true }, offers, ...options });
}

function send({ port }: { readonly port: number }, changes: Partial<Submission> = {}): Promise<SubmissionResult> {
  return submit({
    host: 'localhost',
    port,
    tls: 'implicit',
    user: 'orders.shop',
    password: 'secret',
    ca: authority.ca,
    from: 'orders@shop.test',
    to: ['you@receiver.test'],
    content: { kind: 'text', subject: 'Test', text: '.\nHello' },
    ...changes,
  });
}

/** `tls ok, auth failed` */
function ways({ steps }: SubmissionResult): string {
  return steps.map(({ step, ok }) => `${step}${ok ? '' : ' failed'}`).join(', ');
}

test('every step of a submission is told, whichever way TLS begins', async (t) => {
  for (const tls of ['implicit', 'starttls'] as const) {
    const server = await peer({ tls: { ...certificate, implicit: tls === 'implicit' } });
    t.after(() => server.goAway());
    const result = await send(server, { tls, content: { kind: 'text', subject: 'Grüße', text: '.\nöäü' } });
    assert.ok(result.ok, JSON.stringify(result));
    const order = tls === 'implicit' ? 'tls, greeting' : 'greeting, tls';
    assert.equal(ways(result), `resolve, connect, ${order}, auth, mail, rcpt, data`);
    assert.match(
      result.steps.find(({ step }) => step === 'tls')?.said ?? '',
      /^TLSv1\.3 .*localhost from Test Authority, until /,
    );
    const [mail] = server.mails;
    assert.deepEqual([mail?.from, mail?.to], ['orders@shop.test', ['you@receiver.test']]);
    assert.match(String(mail?.raw), /Subject: =\?UTF-8\?/);
    server.script = { DOT: () => '250 2.0.0 queued as 01K8ZC6YB3V4WQ0N2M7T5RXH9E' };
    const again = await send(server, { tls });
    assert.equal(again.ok && again.id, '01K8ZC6YB3V4WQ0N2M7T5RXH9E');
    assert.doesNotMatch(JSON.stringify(result), /secret|c2VjcmV0/, 'the password is nowhere in what is told');
  }
});

test('a server that is not the one to be trusted hears neither password nor mail', async (t) => {
  const server = await peer();
  t.after(() => server.goAway());
  for (const [changes, said] of [
    [{ ca: makeAuthority().ca }, /authority/],
    [{ certificateName: 'relay.example' }, /another name/],
  ] as const) {
    const result = await send(server, changes);
    assert.equal(ways(result), 'resolve, connect, tls failed');
    assert.match(result.steps.at(-1)?.advice ?? '', said);
  }
  assert.deepEqual(
    server.sessions.flatMap(({ commands }) => commands),
    [],
  );
});

test('the step that fails is told with what to do, and is the last one', async (t) => {
  const server = await peer();
  t.after(() => server.goAway());
  for (const [script, expected, advice] of [
    [{ CONNECT: () => '421 4.3.2 too busy' }, 'tls, greeting failed', /that passes/],
    [{ AUTH: () => '535 5.7.8 no' }, 'tls, greeting, auth failed', /user or password/],
    [{ MAIL: () => '550 5.7.1 not yours' }, 'tls, greeting, auth, mail failed', /may not send so/],
    [{ MAIL: () => '452 4.3.1 full' }, 'tls, greeting, auth, mail failed', /queue is nearly full/],
    [{ RCPT: () => '501 5.1.3 no' }, 'tls, greeting, auth, mail, rcpt failed', /check the address/],
    [{ DATA: () => '451 4.3.0 later' }, 'tls, greeting, auth, mail, rcpt, data failed', /that passes/],
    [{ DOT: () => '554 5.6.0 no' }, 'tls, greeting, auth, mail, rcpt, data failed', /replies\.md/],
    [{ DOT: () => drop }, 'tls, greeting, auth, mail, rcpt, data failed', /may have been queued all the same/],
  ] as const) {
    server.script = script;
    const result = await send(server);
    assert.equal(result.ok, false);
    assert.equal(ways(result), `resolve, connect, ${expected}`);
    assert.match(result.steps.at(-1)?.advice ?? '', advice);
  }
  assert.equal(server.mails.length, 0);
  const nobody = await send({ port: await freePort() });
  assert.equal(ways(nobody), 'resolve, connect failed');
  assert.match(nobody.steps.at(-1)?.advice ?? '', /nobody listens/);
});

test('who is refused among several does not keep the mail from the others', async (t) => {
  const server = await peer();
  t.after(() => server.goAway());
  server.script = { RCPT: (line) => (line.includes('gone@') ? '550 5.1.1 unknown' : undefined) };
  const result = await send(server, { to: ['gone@receiver.test', 'you@receiver.test'] });
  assert.ok(result.ok);
  assert.deepEqual(result.refused, ['gone@receiver.test']);
  assert.deepEqual(server.mails[0]?.to, ['you@receiver.test']);
});
