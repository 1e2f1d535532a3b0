// A new DKIM key pair's private half as PKCS #8 PEM: RSA-2048 (RFC 8301 §3.2) or Ed25519 (RFC 8463).
// OpenSSL's own randomness makes it, off the event loop; the public half is read from it wherever it is needed.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { DkimAlgorithm } from '../plan.ts';

const generate = promisify(generateKeyPair);

export async function makeDkimKey(algorithm: DkimAlgorithm): Promise<string> {
  const { privateKey } =
    algorithm === 'RSA2048' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ed25519', {});
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
