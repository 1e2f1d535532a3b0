// What each category of outcome means, and what a person can do about it. Pure; the categories are contract/src/outcome.ts's.
import type { OutcomeCategory } from '@relayfleet/contract/outcome.ts';

export type CategoryWords = {
  readonly means: string;
  /** Absent: nothing is to be done. */
  readonly remedy?: string;
};

export const categoryWords: Readonly<Record<OutcomeCategory, CategoryWords>> = {
  accepted: { means: 'the next hop took it' },
  recipient: {
    means: 'the mailbox is unknown, disabled or full',
    remedy: 'check the address; take it off the list if it stays so',
  },
  message: {
    means: 'the peer does not take this message: its size, content or form',
    remedy: 'the reply in the bounce says what; change the message and send it anew',
  },
  policy: {
    means: "the peer's policy on sender, authentication or reputation",
    remedy: 'check SPF, DKIM and DMARC ("relayfleet dns DOMAIN"), and the peer\'s postmaster page',
  },
  rate: { means: 'the peer asks to slow down; it is tried later, with fewer connections' },
  peer: {
    means: 'the peer is ill or busy; it is tried again',
    remedy: '"relayfleet queue retry --to DOMAIN" once it is well, if it should not wait',
  },
  protocol: { means: 'the peer broke SMTP', remedy: 'ask whoever runs the peer; it is tried again' },
  tls: {
    means: "no TLS as the domain's policy demands it",
    remedy:
      "have the peer's certificate mended, or name its CA (caRef); where no credentialsRef is at stake, spec.tls can also ask for less",
  },
  dns: {
    means: 'DNS gave no usable answer, or a final one: no such domain, null MX',
    remedy: 'check the spelling of the domain, and its name servers',
  },
  network: {
    means: 'no connection, or it broke; it is tried again',
    remedy: 'where it is so for every destination, check the way out: spec.egress, firewall, port 25',
  },
  'address-guard': {
    means: 'the next hop has an address this fleet may not connect to',
    remedy: 'allow it in spec.egress.allowedPrivateNetworks of the RelayFleet if it is meant',
  },
  configuration: {
    means: 'ours: no route, no key, or credentials the next hop refuses',
    remedy: '"relayfleet status" says what is wrong; "queue retry" once it is mended',
  },
  suspended: { means: 'held by the owner of the domain, the platform or the fleet', remedy: 'take "suspended" away' },
  age: { means: 'older than mail is tried', remedy: 'send it anew if it still matters' },
  order: { means: 'a person said that it is not to be sent' },
  internal: {
    means: 'ours: the entry could not be worked on',
    remedy: '"relayfleet queue ls --state dead -o wide" says why; please report it',
  },
};
