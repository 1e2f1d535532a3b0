// A certificate authority for one test, and server certificates below it, made with the operator's own functions.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { issueAuthority, issueServerCertificate } from '../../operator/src/mint/certificate.ts';

export type ServerCertificate = { readonly key: string; readonly cert: string };
export type TestAuthority = { readonly ca: string; issue(...names: string[]): ServerCertificate };

export function makeAuthority(): TestAuthority {
  const facts = (commonName: string) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 86_400_000) };
    return { privateKey, facts: { commonName, publicKey, validity, serial: randomBytes(16) } };
  };
  const root = facts('Test Authority');
  const ca = issueAuthority(root.facts, root.privateKey);
  return {
    ca,
    issue: (...names) => {
      const leaf = facts(names[0] ?? 'nobody');
      return {
        key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: issueServerCertificate(leaf.facts, names, { certificate: ca, key: root.privateKey }),
      };
    },
  };
}
