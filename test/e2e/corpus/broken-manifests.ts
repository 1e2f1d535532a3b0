// Edits that are wrong in every way a manifest can be: as text, by kind, schema and rules, and through the Secrets it names.
// Each with the words that must be told. The objects around them are the tests' usual ones.
import { generateKeyPairSync } from 'node:crypto';
import type { ConditionType } from '@relayfleet/contract/conditions.ts';
import { makeAuthority } from '../../harness/certificates.ts';
import { relayDomain, relayFleet, senderPlatform, usual, type Manifest } from '../../harness/manifests.ts';

export type Break = {
  readonly name: string;
  /** Manifests to apply instead of the usual ones of their kind, or the text of a file. */
  readonly edit: readonly Manifest[] | string;
  /** In one line of the operator's log, or else in the condition's message. */
  readonly says: readonly RegExp[];
  readonly condition?: readonly [
    kind: 'RelayFleet' | 'RelayDomain' | 'SenderPlatform',
    type: ConditionType,
    reason: string,
  ];
};

const secret = (
  name: string,
  data: Readonly<Record<string, string>>,
  namespace: string = usual.namespace,
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  stringData: data,
});
const smarthost = (spec: Manifest): Manifest => ({ name: 'new', smarthosts: [{ host: 'nowhere.test', ...spec }] });
const goneUser = { operatorCredentialsRef: { name: 'gone' } };
const chosen = { name: 'chosen', key: 'password' };
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });

/** `routes` are the usual domain's. */
export function breaks(routes: readonly Manifest[]): readonly Break[] {
  const domain = (spec: Manifest): Manifest => relayDomain({ routes, ...spec });
  return [
    { name: 'no YAML', edit: 'kind: RelayDomain\nspec: [', says: [/broken\.yaml/, /not valid YAML/, /line 2/] },
    {
      name: 'a kind nobody knows',
      edit: [domain({}), { ...domain({}), kind: 'RelayDomian' }],
      says: [/fleet\.yaml/, /unknown kind \\"RelayDomian\\"; did you mean \\"RelayDomain\\"/],
    },
    {
      name: 'a field nobody knows',
      edit: [domain({ dkim: { algoritms: ['Ed25519'] } })],
      says: [/unknown field \\?"spec\.dkim\.algoritms\\?"; did you mean \\?"algorithms/],
      condition: ['RelayDomain', 'Accepted', 'InvalidSpec'],
    },
    {
      name: 'a value out of bounds',
      edit: [relayFleet({ limits: { maxRecipients: 0 } })],
      says: [/spec\.limits\.maxRecipients/, /greater than or equal to 1/],
      condition: ['RelayFleet', 'Accepted', 'InvalidSpec'],
    },
    {
      name: 'a rule broken',
      edit: [domain({ routes: [{ name: 'both', mx: {}, smarthosts: [{ host: 'mx.test' }] }] })],
      says: [/spec\.routes\[0\]/, /either mx or smarthosts/],
      condition: ['RelayDomain', 'Accepted', 'InvalidSpec'],
    },
    {
      name: 'what cannot be changed',
      edit: [domain({ domain: 'bank.test' })],
      says: [/domain cannot be changed; create another RelayDomain/],
      condition: ['RelayDomain', 'Accepted', 'InvalidSpec'],
    },
    {
      name: 'a signing key that is none',
      edit: [
        domain({ dkim: { keyRefs: [{ selector: 's1', name: 'own-key' }] } }),
        secret('own-key', { 'private-key': 'x' }),
      ],
      says: [/Secret shop\/own-key: key private-key .*PKCS #?8/],
      condition: ['RelayDomain', 'ResolvedRefs', 'SecretInvalid'],
    },
    {
      name: 'a password that is too short',
      edit: [senderPlatform({ auth: { passwordRef: chosen } }), secret('chosen', { password: 'short' })],
      says: [/Secret shop\/chosen: key password is too short: choose at least 12/],
      condition: ['SenderPlatform', 'ResolvedRefs', 'SecretInvalid'],
    },
    {
      name: 'a signing key whose Secret is missing',
      edit: [domain({ dkim: { keyRefs: [{ selector: 's1', name: 'gone' }] } })],
      says: [/Secret shop\/gone \(spec\.dkim\.keyRefs, selector s1\) does not exist: create it with key private-key/],
      condition: ['RelayDomain', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'the login of a smarthost whose Secret is missing',
      edit: [domain({ routes: [smarthost({ credentialsRef: { name: 'gone' } })] })],
      says: [/Secret shop\/gone \(.*credentialsRef\) does not exist: create it with keys username and password/],
      condition: ['RelayDomain', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'the authority of a smarthost whose Secret is missing',
      edit: [domain({ routes: [smarthost({ tls: { mode: 'Verify', caRef: { name: 'gone' } } })] })],
      says: [/Secret shop\/gone \(.*tls\.caRef\) does not exist: create it with key ca\.crt/],
      condition: ['RelayDomain', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'a password that names a Secret which does not exist',
      edit: [senderPlatform({ auth: { passwordRef: chosen } })],
      says: [/Secret shop\/chosen \(spec\.auth\.passwordRef\) does not exist: create it with key password/],
      condition: ['SenderPlatform', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'a certificate whose Secret is missing',
      edit: [relayFleet({ tls: { certificateRef: { name: 'gone' } } })],
      says: [
        /Secret relayfleet-system\/gone \(spec\.tls\.certificateRef\) does not exist: create it with keys tls\.crt/,
      ],
      condition: ['RelayFleet', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'a NATS user whose Secret is missing',
      edit: [relayFleet({ nats: { ...(relayFleet()['spec'] as { nats: Manifest }).nats, ...goneUser } })],
      says: [/Secret relayfleet-system\/gone \(spec\.nats\.operatorCredentialsRef\) does not exist/],
      condition: ['RelayFleet', 'ResolvedRefs', 'SecretNotFound'],
    },
    {
      name: 'a certificate and a key that do not belong together',
      edit: [
        relayFleet({ tls: { certificateRef: { name: 'own-tls' } } }),
        secret(
          'own-tls',
          { 'tls.crt': makeAuthority().issue('localhost').cert, 'tls.key': String(otherKey) },
          'relayfleet-system',
        ),
      ],
      says: [/Secret relayfleet-system\/own-tls: key tls\.key .*(not|another).*tls\.crt/],
      condition: ['RelayFleet', 'ResolvedRefs', 'SecretInvalid'],
    },
  ];
}
