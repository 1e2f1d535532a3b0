// Reads what a spec names in a Secret. Every way it can fail is a refusal that names the Secret, the key and the remedy.
// Refuses to know what is in force meanwhile.
import { X509Certificate } from 'node:crypto';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { secretText } from '../owned-secrets.ts';
import type { Credentials, Refusal } from './resolved.ts';
import type { WorldIndex } from './world-index.ts';

export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** A reference as it stands in a spec: `field` is for the message, such as `spec.nats.caRef`. */
export type SecretRef = ObjectRef & { readonly field: string };

export function findSecret(index: WorldIndex, ref: SecretRef, keys: string): Found<Secret> {
  const secret = index.secret(ref);
  if (secret !== undefined) return { ok: true, value: secret };
  const message = `Secret ${refKey(ref)} (${ref.field}) does not exist: create it with ${keys}`;
  return { ok: false, refusal: { reason: 'SecretNotFound', message } };
}

/** A Secret that exists but cannot be used; `problem` names the key and ends with what to do. */
export function damaged(ref: ObjectRef, problem: string): Extract<Found<never>, { ok: false }> {
  const message = `Secret ${refKey(ref)}: ${problem}`;
  return { ok: false, refusal: { reason: 'SecretInvalid', message } };
}

/** Keys `username` and `password` of a kubernetes.io/basic-auth Secret. */
export function findCredentials(index: WorldIndex, ref: SecretRef): Found<Credentials> {
  const secret = findSecret(index, ref, 'keys username and password');
  if (!secret.ok) return secret;
  const values: Record<'username' | 'password', string> = { username: '', password: '' };
  for (const key of ['username', 'password'] as const) {
    const value = secretText(secret.value, key) ?? '';
    if (value === '') return damaged(ref, `key ${key} is missing or empty (${ref.field}): add it`);
    if (hasControls(value)) return damaged(ref, `key ${key} ${controlsRemedy}`);
    values[key] = value;
  }
  return { ok: true, value: values };
}

/** Key `ca.crt`: PEM certificates. */
export function findAuthorities(index: WorldIndex, ref: SecretRef): Found<string> {
  const secret = findSecret(index, ref, 'key ca.crt (PEM certificates)');
  if (!secret.ok) return secret;
  const bundle = secretText(secret.value, 'ca.crt') ?? '';
  return parseCertificate(bundle) === undefined
    ? damaged(ref, `key ca.crt holds no PEM certificate (${ref.field}): put the CA certificate there`)
    : { ok: true, value: bundle };
}

/** The first certificate of a PEM bundle. */
export function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Line breaks above all: `echo` puts one behind what it prints, and no login survives that. */
export function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

export const controlsRemedy =
  'holds a line break or another control character: write it again without (printf instead of echo, or kubectl create secret --from-literal)';
