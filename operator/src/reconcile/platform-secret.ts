// The password of a platform and the hash the nodes get: one people chose (`spec.auth.passwordRef`) or one we make.
// A chosen one is hashed slowly by the shell; what is in force until then is decided in snapshot/in-force.ts.
// Refuses to know where the password may be used.
import { createHash, createHmac } from 'node:crypto';
import type { SenderPlatform } from '@relayfleet/contract/api/sender-platform.ts';
import { hashGenerated } from '@relayfleet/contract/secret-hash.ts';
import { isOwned, ownedRef, ownedSecret, secretText } from '../owned-secrets.ts';
import type { HashRequest, MintRequest } from '../plan.ts';
import type { Refusal, ResolvedPlatform } from './resolved.ts';
import { controlsRemedy, damaged, findSecret, hasControls } from './secret-refs.ts';
import { refOf, type WorldIndex } from './world-index.ts';

export type ResolvedSecret = {
  readonly secret: ResolvedPlatform['secret'];
  readonly problems: readonly Refusal[];
  readonly mint: readonly MintRequest[];
  readonly hash: readonly HashRequest[];
};

export const shortestPassword = 12;
/** RFC 4954 §4: a line of the AUTH exchange holds 12,288 octets; far less serves everyone. */
const longestPassword = 256;
const mintedPassword = /^[A-Za-z0-9_-]{43}$/; // 32 bytes in base64url

/** `mayMint`: passwords are made only for a platform that some domain accepts. */
export function resolveSecret(index: WorldIndex, platform: SenderPlatform, mayMint: boolean): ResolvedSecret {
  const ref = ownedRef(platform, 'binding');
  const binding = index.secret(ref);
  if (binding !== undefined && !isOwned(binding, platform)) {
    const problem = 'was not made by relayfleet, which needs the name for the binding: rename or delete it';
    return failed(damaged(ref, problem).refusal);
  }
  if (platform.spec.auth.passwordRef !== undefined) return chosen(index, platform, platform.spec.auth.passwordRef);
  const password = binding && secretText(binding, 'password');
  if (password !== undefined && mintedPassword.test(password)) {
    const hash = hashGenerated(password, saltOf(platform));
    return { secret: { state: 'usable', value: { password, hash } }, problems: [], mint: [], hash: [] };
  }
  const secret = ownedSecret(platform, 'binding', { type: 'servicebinding.io/smtp', data: {} });
  return {
    secret: { state: 'pending' },
    problems: [],
    mint: mayMint ? [{ kind: 'PlatformPassword', secret }] : [],
    hash: [],
  };
}

function chosen(index: WorldIndex, platform: SenderPlatform, from: { name: string; key: string }): ResolvedSecret {
  const secretRef = { namespace: platform.metadata.namespace, name: from.name };
  const ref = { ...secretRef, field: 'spec.auth.passwordRef' };
  const found = findSecret(index, ref, `key ${from.key} (at least ${shortestPassword} characters)`);
  if (!found.ok) return failed(found.refusal);
  const password = secretText(found.value, from.key);
  const problem = passwordProblem(password);
  if (password === undefined || problem !== undefined)
    return failed(damaged(ref, `key ${from.key} ${problem} (${ref.field})`).refusal);
  const { uid } = platform.metadata;
  const digest = createHash('sha256').update(password).digest('hex');
  const known = index.world.passwordHashes.get(uid);
  if (known?.digest === digest) {
    const value = { password, hash: known.hash, from: secretRef };
    return { secret: { state: 'usable', value }, problems: [], mint: [], hash: [] };
  }
  const salt = saltOf(platform).toString('base64');
  const request: HashRequest = { platform: refOf(platform), uid, digest, password, salt };
  return { secret: { state: 'pending' }, problems: [], mint: [], hash: [request] };
}

function passwordProblem(password: string | undefined): string | undefined {
  if (password === undefined) return 'is missing: add the password';
  if (hasControls(password)) return controlsRemedy;
  const length = Array.from(password).length;
  if (length < shortestPassword) return `is too short: choose at least ${shortestPassword} characters`;
  if (length > longestPassword) return `is too long: choose at most ${longestPassword} characters`;
  return undefined;
}

/** The same for a platform for as long as it lives, so that the same world gives the same snapshot. */
function saltOf(platform: SenderPlatform): Buffer {
  return createHmac('sha256', 'relayfleet/password-salt/v1').update(platform.metadata.uid).digest().subarray(0, 16);
}

function failed(refusal: Refusal): ResolvedSecret {
  return { secret: { state: 'unusable' }, problems: [refusal], mint: [], hash: [] };
}
