// Which keys sign a domain's mail: the owner's own (`spec.dkim.keyRefs`) or else ours, one per algorithm, made when missing.
// Our keys are never replaced silently, not even damaged ones: their public halves stand in somebody's DNS.
// Refuses to know DNS: without its word a key signs.
import type { RelayDomain } from '@relayfleet/contract/api/relay-domain.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import type { SignerKey } from '@relayfleet/contract/snapshot.ts';
import { dkimField, dkimSelectors, isOwned, ownedRef, ownedSecret, secretTexts } from '../owned-secrets.ts';
import type { DkimAlgorithm, MintRequest } from '../plan.ts';
import type { DomainKey, Refusal, Resolved } from './resolved.ts';
import { damaged, findSecret } from './secret-refs.ts';
import type { KeyReader, SigningKey } from './signing-key.ts';
import type { WorldIndex } from './world-index.ts';

export type Signers = {
  readonly signers: Resolved<readonly SignerKey[]>;
  readonly keys: readonly DomainKey[];
  readonly problems: readonly Refusal[];
  readonly mint: readonly MintRequest[];
};

type Usable = { readonly signer: SignerKey; readonly key: DomainKey };

const ownKeyField = 'private-key';

/** `mayMint`: keys are made only for a domain that some fleet accepts. */
export function resolveSigners(index: WorldIndex, domain: RelayDomain, readKey: KeyReader, mayMint: boolean): Signers {
  const refs = domain.spec.dkim.keyRefs ?? [];
  return refs.length > 0 ? ownersKeys(index, domain, readKey) : mintedKeys(index, domain, readKey, mayMint);
}

function ownersKeys(index: WorldIndex, domain: RelayDomain, readKey: KeyReader): Signers {
  const usable: Usable[] = [];
  const problems: Refusal[] = [];
  for (const { selector, name } of domain.spec.dkim.keyRefs ?? []) {
    const ref = { namespace: domain.metadata.namespace, name, field: `spec.dkim.keyRefs, selector ${selector}` };
    const secret = findSecret(index, ref, `key ${ownKeyField} (PKCS #8 PEM)`);
    if (!secret.ok) {
      problems.push(secret.refusal);
      continue;
    }
    const reading = readKey(secret.value, ownKeyField);
    if (reading.ok) usable.push(usableKey(selector, name, reading.value));
    else problems.push(damaged(ref, `key ${ownKeyField} ${reading.problem}`).refusal);
  }
  return result(usable, { problems, mint: [], otherwise: 'unusable' });
}

function mintedKeys(index: WorldIndex, domain: RelayDomain, readKey: KeyReader, mayMint: boolean): Signers {
  const ref = ownedRef(domain, 'dkim');
  const secret = index.secret(ref);
  if (secret !== undefined && !isOwned(secret, domain)) {
    const problem =
      'was not made by relayfleet, which needs the name: rename or delete it, or name it in spec.dkim.keyRefs';
    return result([], { problems: [damaged(ref, problem).refusal], mint: [], otherwise: 'unusable' });
  }
  const { found, problems } = secret === undefined ? { found: [], problems: [] } : readMinted(secret, readKey);
  const wanted = domain.spec.dkim.algorithms;
  // Of several keys of one algorithm the newest signs: selectors begin with their date.
  const usable = wanted.flatMap((algorithm) => found.findLast(({ key }) => key.algorithm === algorithm) ?? []);
  const absent = wanted.filter((algorithm) => !usable.some(({ key }) => key.algorithm === algorithm));
  const mint = mayMint && problems.length === 0 && absent.length > 0 ? [request(index, domain, secret, absent)] : [];
  return result(usable, { problems, mint, otherwise: problems.length > 0 ? 'unusable' : 'pending' });
}

function readMinted(secret: Secret, readKey: KeyReader): { found: Usable[]; problems: Refusal[] } {
  const { namespace, name } = secret.metadata;
  const found: Usable[] = [];
  const problems: Refusal[] = [];
  for (const selector of dkimSelectors(secret)) {
    const reading = readKey(secret, dkimField(selector));
    if (reading.ok) found.push(usableKey(selector, name, reading.value));
    else {
      const remedy = `cannot be used any more: restore it, or delete the key from the Secret to have a new one made and publish its record`;
      problems.push(damaged({ namespace, name }, `key ${dkimField(selector)} ${remedy}`).refusal);
    }
  }
  return { found, problems };
}

function request(
  index: WorldIndex,
  domain: RelayDomain,
  secret: Secret | undefined,
  absent: readonly DkimAlgorithm[],
): MintRequest {
  const date = new Date(index.world.now).toISOString().slice(0, 10).replaceAll('-', '');
  return {
    kind: 'DkimKeys',
    secret: ownedSecret(domain, 'dkim', { type: 'Opaque', data: secret === undefined ? {} : secretTexts(secret) }),
    keys: absent.map((algorithm) => ({ algorithm, selector: `rf${date}${algorithm === 'RSA2048' ? 'r' : 'e'}` })),
  };
}

function usableKey(selector: string, secretName: string, key: SigningKey): Usable {
  const { keyType, publicKey, algorithm, privateKey } = key;
  return {
    signer: { selector, algorithm, privateKey },
    key: { selector, algorithm: keyType === 'rsa' ? `RSA${key.bits}` : 'Ed25519', keyType, publicKey, secretName },
  };
}

function result(
  usable: readonly Usable[],
  rest: Pick<Signers, 'problems' | 'mint'> & { readonly otherwise: 'pending' | 'unusable' },
): Signers {
  const sorted = usable.toSorted((a, b) => (a.key.selector < b.key.selector ? -1 : 1));
  return {
    signers:
      sorted.length > 0 ? { state: 'usable', value: sorted.map(({ signer }) => signer) } : { state: rest.otherwise },
    keys: sorted.map(({ key }) => key),
    problems: rest.problems,
    mint: rest.mint,
  };
}
