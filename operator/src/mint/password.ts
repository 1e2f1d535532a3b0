// Passwords: a new one of 256 random bits, and the slow hash of one that people chose.
// Which of the two a platform gets is decided in reconcile/platform-secret.ts.
import { hashChosen } from '@relayfleet/contract/secret-hash.ts';
import type { SecretHash } from '@relayfleet/contract/snapshot.ts';
import type { HashRequest } from '../plan.ts';
import type { MintDeps } from './random.ts';

/** 43 characters of base64url: no character that a shell, a URI or AUTH PLAIN would mind. */
export function makePassword({ randomBytes }: MintDeps): string {
  return Buffer.from(randomBytes(32)).toString('base64url');
}

/** About 50 ms on a thread of libuv's pool; the answer goes into `World.passwordHashes` under `request.uid`. */
export function hashPassword(request: HashRequest): Promise<SecretHash> {
  return hashChosen(request.password, Buffer.from(request.salt, 'base64'));
}
