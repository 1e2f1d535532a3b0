// Whether a private key can sign a domain's mail, and what its public half looks like in DNS.
// RSA of 2048 to 4096 bits (RFC 8301 §3.2) or Ed25519 (RFC 8463), as PKCS #8 PEM without a passphrase; nothing else.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { SignerKey } from '@relayfleet/contract/snapshot.ts';
import { secretText } from '../owned-secrets.ts';

export type SigningKey = {
  readonly keyType: 'rsa' | 'ed25519';
  readonly algorithm: SignerKey['algorithm'];
  readonly bits: number;
  /** PKCS #8, PEM, as it was given. */
  readonly privateKey: string;
  /** Value of `p=` in the key record, base64. */
  readonly publicKey: string;
};

/** `problem` continues "key private-key …". */
export type SigningKeyReading =
  { readonly ok: true; readonly value: SigningKey } | { readonly ok: false; readonly problem: string };

/** Reads the key under `field` of a Secret. */
export type KeyReader = (secret: Secret, field: string) => SigningKeyReading;

/** A reader that parses each key of each Secret once: parsing 20,000 of them takes seconds. Secrets are told by identity. */
export function createKeyReader(): KeyReader {
  const readings = new WeakMap<Secret, Map<string, SigningKeyReading>>();
  return (secret, field) => {
    const known = readings.get(secret) ?? new Map<string, SigningKeyReading>();
    readings.set(secret, known);
    const reading = known.get(field) ?? readSigningKey(secretText(secret, field));
    known.set(field, reading);
    return reading;
  };
}

export function readSigningKey(pem: string | undefined): SigningKeyReading {
  const refuse = (problem: string): SigningKeyReading => ({ ok: false, problem });
  if (pem === undefined || pem.trim() === '') return refuse('is missing or empty: put a PKCS #8 PEM private key there');
  if (pem.includes('BEGIN ENCRYPTED PRIVATE KEY') || pem.includes('Proc-Type: 4,ENCRYPTED'))
    return refuse('is protected by a passphrase: store it without (openssl pkcs8 -topk8 -nocrypt)');
  if (!pem.includes('-----BEGIN PRIVATE KEY-----'))
    return refuse('is not PKCS #8 PEM (-----BEGIN PRIVATE KEY-----): convert it (openssl pkcs8 -topk8 -nocrypt)');
  try {
    return describe(createPrivateKey(pem), pem);
  } catch {
    return refuse(
      'cannot be read as a private key: make a new one (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048)',
    );
  }
}

function describe(key: KeyObject, privateKey: string): SigningKeyReading {
  const publicHalf = createPublicKey(key);
  if (key.asymmetricKeyType === 'ed25519') {
    const jwk = publicHalf.export({ format: 'jwk' });
    const publicKey = Buffer.from(jwk.x ?? '', 'base64url').toString('base64'); // RFC 8463 §4.2: the 32 bytes alone
    return { ok: true, value: { keyType: 'ed25519', algorithm: 'ed25519-sha256', bits: 256, privateKey, publicKey } };
  }
  if (key.asymmetricKeyType !== 'rsa')
    return { ok: false, problem: `is of type ${key.asymmetricKeyType}: use RSA of at least 2048 bits, or Ed25519` };
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 2048) return { ok: false, problem: `is RSA with ${bits} bits: make one with 2048 (at most 4096) bits` };
  if (bits > 4096)
    // RFC 8301 §3.2: verifiers need not read longer ones
    return {
      ok: false,
      problem: `is RSA with ${bits} bits, which not every receiver verifies: make one with 2048 to 4096 bits`,
    };
  const publicKey = publicHalf.export({ type: 'spki', format: 'der' }).toString('base64'); // RFC 6376 §3.6.1, as in practice
  return { ok: true, value: { keyType: 'rsa', algorithm: 'rsa-sha256', bits, privateKey, publicKey } };
}
