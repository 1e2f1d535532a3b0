// A certificate for a listener of a test, as the operator would make it, in the files a mounted Secret has.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueAuthority, issueServerCertificate } from '@relayfleet/operator/mint/certificate.ts';

/** PEM; `ca` is what a client trusts. */
export type TestCertificate = { readonly cert: string; readonly key: string; readonly ca: string };

/** For `localhost` and 127.0.0.1, valid for a day, below an authority of its own. */
export function makeCertificate(): TestCertificate {
  const day = 86_400_000;
  const validity = { from: new Date(Date.now() - day), to: new Date(Date.now() + day) };
  const facts = (commonName: string) => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { pair, facts: { commonName, publicKey: pair.publicKey, validity, serial: randomBytes(16) } };
  };
  const authority = facts('test authority');
  const server = facts('localhost');
  const ca = issueAuthority(authority.facts, authority.pair.privateKey);
  const issuer = { certificate: ca, key: authority.pair.privateKey };
  return {
    ca,
    cert: issueServerCertificate(server.facts, ['localhost', '127.0.0.1'], issuer),
    key: server.pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Writes `tls.crt` and `tls.key` into `directory`. */
export async function writeCertificate(directory: string, { cert, key }: TestCertificate): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'tls.crt'), cert);
  await writeFile(join(directory, 'tls.key'), key, { mode: 0o600 });
}
