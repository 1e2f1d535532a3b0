// TLS towards NATS: demanded as soon as a CA is given, verified against it, never dropped for a server without it.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import { issueAuthority, issueServerCertificate } from '@relayfleet/operator/mint/certificate.ts';
import { startNats } from '../harness/nats.ts';

test('with its CA the server is trusted, without it or with another it is not', async (t) => {
  const { ca, extraConfig } = await serverTls(t);
  const server = await startNats({ extraConfig });
  t.after(() => server.stop());
  const settings = { ...server.settings('node'), url: server.url.replace('127.0.0.1', 'localhost') };

  const nats = await connectNats({ ...settings, ca });
  assert.equal(nats.isConnected(), true);
  await nats.close();
  await assert.rejects(connectNats(settings), /cannot be reached.*certificate/);
  await assert.rejects(connectNats({ ...settings, ca: (await serverTls(t)).ca }), /cannot be reached.*certificate/);
});

test('a server without TLS gets no password when TLS is demanded', async (t) => {
  const server = await startNats();
  t.after(() => server.stop());
  const settings = server.settings('node');
  await assert.rejects(connectNats({ ...settings, ca: (await serverTls(t)).ca }), /cannot be reached/);
  await assert.rejects(
    connectNats({ ...settings, url: settings.url.replace('nats://', 'tls://') }),
    /cannot be reached/,
  );
});

async function serverTls(t: TestContext): Promise<{ ca: string; extraConfig: string }> {
  const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 600_000) };
  const facts = (commonName: string, key: ReturnType<typeof newKey>) => ({
    commonName,
    publicKey: key.publicKey,
    validity,
    serial: randomBytes(16),
  });
  const [authorityKey, serverKey] = [newKey(), newKey()];
  const ca = issueAuthority(facts('test authority', authorityKey), authorityKey.privateKey);
  const certificate = issueServerCertificate(facts('nats', serverKey), ['localhost'], {
    certificate: ca,
    key: authorityKey.privateKey,
  });
  const dir = await mkdtemp(join(tmpdir(), 'relayfleet-nats-tls-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'cert.pem'), certificate);
  await writeFile(join(dir, 'key.pem'), serverKey.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { ca, extraConfig: `tls { cert_file: "${dir}/cert.pem", key_file: "${dir}/key.pem" }\n` };
}

function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
