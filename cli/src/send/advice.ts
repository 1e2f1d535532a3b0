// What whoever sends can do about a step of a submission that failed. An ordered list: the first rule that fits speaks. Pure.
// What each reply of a relay node means in full is docs/reference/replies.md.
import type { StepName } from './submit.ts';

export type Failure = {
  readonly step: StepName;
  /** Of the server's reply; undefined where none came. */
  readonly code?: number | undefined;
  /** RFC 3463, `5.7.1`. */
  readonly status?: string | undefined;
  /** Of the system's error. */
  readonly errno?: string | undefined;
};

type Rule = { readonly when: (failure: Failure) => boolean; readonly advice: string };

const rules: readonly Rule[] = [
  {
    when: ({ errno }) => errno === 'ENOTFOUND' || errno === 'EAI_AGAIN',
    advice:
      "the name does not resolve here: check it, or name another address with --host (a port-forward's, for instance)",
  },
  {
    when: ({ errno }) => errno === 'ECONNREFUSED',
    advice: 'nobody listens there: see "relayfleet status" for nodes, and check --host and --port',
  },
  {
    when: ({ step }) => step === 'connect' || step === 'resolve',
    advice:
      'the address cannot be reached from here: check network policy and firewall, or go through a port-forward with --host',
  },
  {
    when: ({ step, errno }) => step === 'tls' && errno === 'ERR_TLS_CERT_ALTNAME_INVALID',
    advice:
      'the certificate is for another name: connect to the name in it (spec.hostname of the RelayFleet), or correct the certificate',
  },
  {
    when: ({ step, errno }) => step === 'tls' && errno === 'CERT_HAS_EXPIRED',
    advice: 'the certificate is too old: renew the Secret of the listener, or ask why the operator did not',
  },
  {
    when: ({ step, errno }) => step === 'tls' && errno !== undefined,
    advice:
      'the certificate is not from the authority that this platform was told to trust: fetch the binding Secret (ca.crt) anew',
  },
  {
    when: ({ step }) => step === 'tls',
    advice: 'it offers no TLS there: use the port for TLS from the first byte, without --starttls',
  },
  {
    when: ({ step, code }) => step === 'auth' && (code === undefined || code >= 500),
    advice:
      'user or password are not those in force: read the binding Secret of the platform anew, and see "relayfleet status splat"',
  },
  {
    when: ({ code }) => code === 452,
    advice: 'the queue is nearly full: send later; "relayfleet queue ls --summary" says what fills it',
  },
  {
    when: ({ code }) => code !== undefined && code < 500,
    advice: 'that passes: send it again later; if it stays so, see "relayfleet status" and the log of the node',
  },
  {
    when: ({ step, status }) => step === 'mail' && status?.startsWith('5.7') === true,
    advice:
      'the platform may not send so now: "relayfleet status splat" says which addresses it may use, and whether it is suspended',
  },
  { when: ({ step }) => step === 'rcpt', advice: 'check the address; nothing was sent to it' },
  {
    when: ({ step, code }) => step === 'data' && code !== undefined,
    advice: 'the reply says what is wrong with the message; docs/reference/replies.md explains every reply',
  },
  { when: ({ code }) => code !== undefined, advice: 'docs/reference/replies.md explains every reply' },
  {
    when: ({ step }) => step === 'data',
    advice: 'no answer to the final dot: it may have been queued all the same. Sending it again may make it two',
  },
  { when: () => true, advice: 'the connection broke: try again; if it stays so, see the log of the node' },
];

export function adviceOn(failure: Failure): string {
  return rules.find(({ when }) => when(failure))?.advice ?? '';
}
