// A new certificate for a fleet's listeners, below the fleet's own authority, with a new key each time.
// When one is due is decided in reconcile/listener-certificate.ts.
import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { tlsFields } from '../owned-secrets.ts';
import type { CertificateAuthority } from '../plan.ts';
import { issueServerCertificate } from './certificate.ts';
import { clockSkew } from './fleet-keys.ts';
import type { MintDeps } from './random.ts';

const generate = promisify(generateKeyPair);
const life = 90 * 86_400_000;

/** Data of `<fleet>-listener-tls`; the first of `names` is the common name. */
export async function makeListenerCertificate(
  names: readonly string[],
  authority: CertificateAuthority,
  deps: MintDeps,
): Promise<Readonly<Record<string, string>>> {
  const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-256' });
  const now = deps.now();
  const validity = { from: new Date(now - clockSkew), to: new Date(now + life) };
  const facts = { commonName: names[0] ?? 'relayfleet', publicKey, validity, serial: deps.randomBytes(16) };
  const issuer = { certificate: authority.certificate, key: createPrivateKey(authority.key) };
  return {
    [tlsFields.certificate]: issueServerCertificate(facts, names, issuer),
    [tlsFields.key]: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    [tlsFields.ca]: authority.certificate,
  };
}
