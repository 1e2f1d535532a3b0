// Whether a user name and password belong to a platform of the snapshot. Pure but for the hashing; nothing is remembered.
// No oracle: whoever fails has cost the same number of slow checks, whether the name exists and however many hashes it has.
// Slow checks run off the event loop in slots (slots.ts); when there is none, the answer is "later" and not a stalled node.
import { impossibleSecret, matchesSecret } from '@relayfleet/contract/secret-hash.ts';
import type { PlatformPolicy, SecretHash, Snapshot } from '@relayfleet/contract/snapshot.ts';
import type { Slots } from './slots.ts';

/** `from`: group of the client's address (client-address.ts). */
export type Claim = { readonly username: string; readonly password: string; readonly from: string };

export type CredentialVerdict =
  | { readonly kind: 'correct'; readonly platform: PlatformPolicy; readonly secret: SecretHash }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'busy' };

/** Checks a claim against every live secret of the platform it names. */
export async function verifyCredentials(
  snapshot: Snapshot,
  { username, password, from }: Claim,
  slots: Slots,
): Promise<CredentialVerdict> {
  const platform = snapshot.platforms.get(username);
  const secrets = platform?.secrets ?? [];
  const quick = await firstMatch(secrets.filter(isQuick), password);
  if (platform && quick) return { kind: 'correct', platform, secret: quick };
  const slow = secrets.filter(isSlow);
  const others = Array.from({ length: mostSlowSecrets(snapshot) - slow.length }, impossibleSecret);
  const match = await slots.run(from, () => firstMatch([...slow, ...others], password));
  if (match === 'busy') return { kind: 'busy' };
  return platform && match ? { kind: 'correct', platform, secret: match } : { kind: 'wrong' };
}

/** Tries all of them, so that the time taken does not tell which one matched. */
async function firstMatch(secrets: readonly SecretHash[], password: string): Promise<SecretHash | undefined> {
  let match: SecretHash | undefined;
  for (const secret of secrets) if (await matchesSecret(secret, password)) match ??= secret;
  return match;
}

/** Slow checks that every failed login costs: those of the platform that has most of them, and at least one. */
function mostSlowSecrets({ platforms }: Snapshot): number {
  let most = 1;
  for (const { secrets } of platforms.values()) most = Math.max(most, secrets.filter(isSlow).length);
  return most;
}

function isQuick(secret: SecretHash): boolean {
  return secret.kind === 'hmac-sha256';
}

function isSlow(secret: SecretHash): boolean {
  return !isQuick(secret);
}
