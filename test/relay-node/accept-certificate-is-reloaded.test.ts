import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import {
  loadCertificate,
  watchCertificate,
  type LoadedCertificate,
} from '@relayfleet/relay-node/ingress/certificate.ts';
import { materialise } from '@relayfleet/operator/provider/file/mounts.ts';
import { startAcceptingNode } from '../harness/accepting-node.ts';
import { makeCertificate, writeCertificate, type TestCertificate } from '../harness/certificate.ts';
import { dial, submitBy } from '../harness/smtp-dialogue.ts';
import { until } from '../harness/until.ts';

const node = await startAcceptingNode();
const directory = await mkdtemp(join(tmpdir(), 'relayfleet-tls-'));
after(async () => {
  await node.stop();
  await rm(directory, { recursive: true, force: true });
});

const fingerprint = async (tls: boolean): Promise<string> => {
  const client = await dial({ port: tls ? node.implicitPort : node.startTlsPort, tls });
  await client.reply();
  if (!tls) {
    await client.say('EHLO client.test');
    await client.startTls();
  }
  const socket = client.socket();
  assert.ok(socket instanceof TLSSocket);
  const { fingerprint256 } = socket.getPeerCertificate();
  client.close();
  return fingerprint256;
};

test('new connections see the new certificate, on both listeners; open sessions go on', async () => {
  const before = await fingerprint(true);
  const open = await node.loggedIn();
  node.present(makeCertificate());
  const [implicit, startTls] = [await fingerprint(true), await fingerprint(false)];
  assert.notEqual(implicit, before);
  assert.equal(startTls, implicit);
  assert.match(await submitBy(open, 'From: orders@shop.test\r\n\r\nhi\r\n'), /^250/);
  open.close();
});

test('a mounted Secret that changes is read again; a pair that does not fit is reported and not used', async () => {
  const mount = join(directory, 'mount');
  const show = ({ cert, key }: TestCertificate, revision: string) =>
    materialise(
      mount,
      new Map([
        ['tls.crt', Buffer.from(cert)],
        ['tls.key', Buffer.from(key)],
      ]),
      revision,
    );
  await show(makeCertificate(), '1');
  const seen: LoadedCertificate[] = [];
  const stop = watchCertificate(mount, (loaded) => seen.push(loaded));
  const next = makeCertificate();
  await show(next, '2');
  await until('the new certificate', () => seen.length > 0);
  await show({ ...next, key: makeCertificate().key }, '3');
  await until('the unfit pair', () => seen.length > 1);
  stop();
  const [fit, unfit] = seen;
  assert.ok(fit?.ok && fit.certificate.cert === next.cert);
  assert.deepEqual(unfit, { ok: false, problem: `${mount}: tls.key does not belong to tls.crt` });
});

for (const [what, removed] of Object.entries({ 'the directory': 'namespace/mount', 'its parent, too': 'namespace' }))
  test(`a mount that is taken away and made again, ${what}, is noticed at once`, async () => {
    const base = await mkdtemp(join(directory, 'again-'));
    const mount = join(base, 'namespace/mount');
    await writeCertificate(mount, makeCertificate());
    const seen: LoadedCertificate[] = [];
    const stop = watchCertificate(mount, (loaded) => seen.push(loaded));
    for (const round of [1, 2]) {
      await rm(join(base, removed), { recursive: true });
      await until('the loss', () => seen.at(-1)?.ok === false, { withinMs: 10_000 });
      const next = makeCertificate();
      await writeCertificate(mount, next);
      const isInUse = () => seen.some((loaded) => loaded.ok && loaded.certificate.cert === next.cert);
      await until(`the certificate of round ${round}`, isInUse, { withinMs: 10_000 });
    }
    stop();
  });

test('what cannot be used is refused, naming the file and nothing of the key', async () => {
  const broken = join(directory, 'broken');
  assert.deepEqual(loadCertificate(broken), { ok: false, problem: `${join(broken, 'tls.crt')}: ENOENT` });
  const one = makeCertificate();
  await writeCertificate(broken, { ...one, key: makeCertificate().key });
  assert.deepEqual(loadCertificate(broken), { ok: false, problem: `${broken}: tls.key does not belong to tls.crt` });
  await writeFile(join(broken, 'tls.key'), 'secret nonsense');
  const loaded = loadCertificate(broken);
  assert.ok(!loaded.ok && !loaded.problem.includes('nonsense'));
});
