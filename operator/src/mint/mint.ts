// Makes what a plan asks to be minted: the one place where the operator draws randomness.
// Refuses to decide what is needed; the result is a whole Secret, ready to be applied.
import { dkimField } from '../owned-secrets.ts';
import type { MintRequest, WantedSecret } from '../plan.ts';
import { makeDkimKey } from './dkim-key.ts';
import { makeFleetKeys } from './fleet-keys.ts';
import { makeListenerCertificate } from './listener-certificate.ts';
import { makePassword } from './password.ts';
import type { MintDeps } from './random.ts';

/** The Secret of the request with the new values added to those it had. */
export async function mint(request: MintRequest, deps: MintDeps): Promise<WantedSecret> {
  const made = await make(request, deps);
  return { ...request.secret, data: { ...request.secret.data, ...made } };
}

async function make(request: MintRequest, deps: MintDeps): Promise<Readonly<Record<string, string>>> {
  switch (request.kind) {
    case 'DkimKeys': {
      const keys = request.keys.map(async ({ selector, algorithm }) => [
        dkimField(selector),
        await makeDkimKey(algorithm),
      ]);
      return Object.fromEntries(await Promise.all(keys)) as Record<string, string>;
    }
    case 'PlatformPassword':
      return { password: makePassword(deps) };
    case 'FleetKeys':
      return makeFleetKeys(request.fleet, deps);
    case 'ListenerCertificate':
      return makeListenerCertificate(request.names, request.authority, deps);
  }
}
