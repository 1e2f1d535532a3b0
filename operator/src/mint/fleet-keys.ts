// The keys a fleet is born with: what seals its configuration, what signs it, and the authority of its listener certificates.
// They stay with the operator; nodes get the sealing key and the public halves through their bootstrap.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { fleetKeyFields } from '../owned-secrets.ts';
import { issueAuthority } from './certificate.ts';
import type { MintDeps } from './random.ts';

const generate = promisify(generateKeyPair);
const day = 86_400_000;
const authorityLife = 3650 * day;
/** Clocks differ: a certificate begins a little before now. */
export const clockSkew = 3_600_000;

/** Data of `<fleet>-keys`. */
export async function makeFleetKeys(fleet: ObjectRef, deps: MintDeps): Promise<Readonly<Record<string, string>>> {
  const operator = await generate('ed25519', {});
  const authority = await generate('ec', { namedCurve: 'P-256' });
  const now = deps.now();
  const certificate = issueAuthority(
    {
      commonName: `relayfleet ${fleet.namespace}/${fleet.name}`,
      publicKey: authority.publicKey,
      validity: { from: new Date(now - clockSkew), to: new Date(now + authorityLife) },
      serial: deps.randomBytes(16),
    },
    authority.privateKey,
  );
  return {
    [fleetKeyFields.fleetKey]: Buffer.from(deps.randomBytes(32)).toString('base64'),
    [fleetKeyFields.fleetKeyId]: Buffer.from(deps.randomBytes(6)).toString('hex'),
    [fleetKeyFields.operatorKey]: operator.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    [fleetKeyFields.operatorPublicKey]: operator.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    [fleetKeyFields.caCertificate]: certificate,
    [fleetKeyFields.caKey]: authority.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
