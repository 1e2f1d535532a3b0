// Turns the private keys of a domain's policy into key objects, once for as long as that policy is in force.
// Parsing a PEM on every mail would cost more than twice the signature itself.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { DomainPolicy, SignerKey } from '@relayfleet/contract/snapshot.ts';

export type SigningKey = {
  readonly selector: string;
  readonly algorithm: SignerKey['algorithm'];
  readonly key: KeyObject;
};

/** Told once per policy and key; no secrets. */
export type OnKeyProblem = (problem: { readonly domain: string; readonly problem: string }) => void;

/** A lookup that remembers: policies are immutable and replaced whole, so a new key means a new policy object. */
export function createKeyring(onProblem: OnKeyProblem): (policy: DomainPolicy) => readonly SigningKey[] {
  const known = new WeakMap<DomainPolicy, readonly SigningKey[]>();
  return (policy) => {
    const found = known.get(policy) ?? readKeys(policy, onProblem);
    known.set(policy, found);
    return found;
  };
}

function readKeys({ domain, signers }: DomainPolicy, onProblem: OnKeyProblem): readonly SigningKey[] {
  return signers.flatMap((signer) => {
    const read = readKey(signer);
    if (read.ok) return [read.key];
    onProblem({ domain, problem: `${signer.selector}: ${read.problem}` });
    return [];
  });
}

type Reading = { readonly ok: true; readonly key: SigningKey } | { readonly ok: false; readonly problem: string };

function readKey({ selector, algorithm, privateKey }: SignerKey): Reading {
  try {
    const key = createPrivateKey(privateKey);
    const problem = unfitness(key, algorithm);
    return problem === undefined ? { ok: true, key: { selector, algorithm, key } } : { ok: false, problem };
  } catch {
    return { ok: false, problem: 'not a private key in PEM' };
  }
}

function unfitness(key: KeyObject, algorithm: SignerKey['algorithm']): string | undefined {
  const wanted = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  if (key.asymmetricKeyType !== wanted) return `a key of type ${key.asymmetricKeyType} cannot sign ${algorithm}`;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  // RFC 8301 §3.2 demands 1024 bits and recommends 2048; receivers weigh shorter keys as none.
  return bits !== undefined && bits < 2048 ? `${bits} bits are fewer than 2048` : undefined;
}
