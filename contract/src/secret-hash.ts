// How a platform's password becomes the hash that travels in a snapshot: the operator computes it, a node compares with it.
// A generated password has 256 random bits, so one keyed hash suffices; a chosen one gets scrypt (RFC 7914), which is slow by design.
// Refuses to know users, and who may log in.
import { createHmac, scrypt, timingSafeEqual } from 'node:crypto';
import type { SecretHash } from './snapshot.ts';

/** About 50 ms and 16 MiB for one check; 64-byte blocks, so memory is 128 * n * r. */
export const scryptCost = { n: 16_384, r: 8, p: 1 } as const;

const saltBytes = 16;
const scryptHashBytes = 32;
const mostScryptMemory = 128 * 1024 * 1024;

/** The hash of a password we made; `salt` is 16 random bytes. */
export function hashGenerated(password: string, salt: Uint8Array): SecretHash {
  return { kind: 'hmac-sha256', salt: encode(salt), hash: encode(keyedHash(salt, password)) };
}

/** The hash of a password people chose; `salt` is 16 random bytes. */
export async function hashChosen(password: string, salt: Uint8Array): Promise<SecretHash> {
  return {
    kind: 'scrypt',
    salt: encode(salt),
    hash: encode(await slowHash(salt, password, scryptCost)),
    ...scryptCost,
  };
}

/** Whether `password` is the one behind `secret`, in constant time. A cost beyond 128 MiB never matches. */
export async function matchesSecret(secret: SecretHash, password: string): Promise<boolean> {
  const salt = Buffer.from(secret.salt, 'base64');
  const expected = Buffer.from(secret.hash, 'base64');
  if (secret.kind === 'scrypt' && 128 * secret.n * secret.r > mostScryptMemory) return false;
  const actual = secret.kind === 'scrypt' ? await slowHash(salt, password, secret) : keyedHash(salt, password);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** What a check against an unknown user is compared with: it costs a slow check and matches nothing. */
export function impossibleSecret(): SecretHash {
  return { kind: 'scrypt', salt: encode(new Uint8Array(saltBytes)), hash: '', ...scryptCost };
}

function keyedHash(salt: Uint8Array, password: string): Buffer {
  return createHmac('sha256', salt).update(password).digest();
}

function slowHash(salt: Uint8Array, password: string, cost: { n: number; r: number; p: number }): Promise<Buffer> {
  const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: 2 * mostScryptMemory };
  return new Promise((resolve, reject) =>
    scrypt(password, salt, scryptHashBytes, options, (error, hash) => (error ? reject(error) : resolve(hash))),
  );
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
