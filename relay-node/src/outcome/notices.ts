// Which notices to its sender an attempt calls for, about which recipients, and under which id: at most one of each action.
// RFC 3461 §4.1 (who wants to hear of what), §5.2.2 (relayed to a server without DSN), RFC 3464 §2.3.3 (the actions).
// Pure: whoever takes over after a crash, with the entry and the record of its attempt, comes to the same notices.
// Refuses to know what a notice looks like and how it is queued.
import type { Envelope, Recipient } from '@relayfleet/contract/envelope.ts';
import { noticeId, type NoticeAction } from '@relayfleet/contract/notice-id.ts';
import { isFinal } from '@relayfleet/contract/outcome.ts';
import { toResult, type Outcome } from './record.ts';

export type Action = NoticeAction;

export type Notice = {
  readonly action: Action;
  /** The notice's mail id. Made again it is the same, so it is queued once. */
  readonly id: string;
  /** Those it is about, at least one. */
  readonly about: readonly Outcome[];
};

export type Occasion = {
  /** A mail that waits on after this attempt is late. */
  readonly late: boolean;
};

/** The notices these outcomes call for; `outcomes` are those of all recipients of the attempt. */
export function noticesDue(envelope: Envelope, outcomes: readonly Outcome[], occasion: Occasion): readonly Notice[] {
  // RFC 5321 §6.1, RFC 3834 §2: nothing is ever said about a notice, and never to the null sender.
  if (envelope.kind === 'dsn' || envelope.sender === '') return [];
  const origin = { ...envelope, results: outcomes.map(({ recipient, verdict }) => toResult(recipient, verdict)) };
  return rules.flatMap(({ action, isDue, concerns, wanted }) => {
    if (!isDue(envelope, occasion)) return [];
    const about = outcomes.filter(({ verdict, recipient }) => concerns(verdict) && wanted(recipient));
    return about.length === 0 ? [] : [{ action, id: noticeId(action, origin), about }];
  });
}

/** Whether one of them says that the mail is late: it is said once. */
export function tellsOfDelay(notices: readonly Notice[]): boolean {
  return notices.some(({ action }) => action === 'delayed');
}

type Rule = {
  readonly action: Action;
  readonly isDue: (envelope: Envelope, occasion: Occasion) => boolean;
  readonly concerns: (verdict: Outcome['verdict']) => boolean;
  /** RFC 3461 §4.1: NEVER and a list without the word silence it. */
  readonly wanted: (recipient: Recipient) => boolean;
};

const rules: readonly Rule[] = [
  {
    action: 'failed',
    isDue: () => true,
    concerns: ({ outcome }) => outcome === 'bounced' || outcome === 'expired', // dropped: a person chose that nothing be said
    wanted: ({ notify }) => notify?.includes('FAILURE') ?? true,
  },
  {
    // Once in an entry's life, and only about those who still wait: never after word of the end.
    action: 'delayed',
    isDue: ({ delayTold }, { late }) => late && delayTold !== true,
    concerns: ({ outcome }) => !isFinal(outcome),
    wanted: ({ notify }) => notify?.includes('DELAY') ?? true,
  },
  {
    // A next hop that offers DSN was told the wish and answers for it (§5.2.1); of any other nothing more would be heard.
    action: 'relayed',
    isDue: () => true,
    concerns: ({ relayed }) => relayed === true,
    wanted: ({ notify }) => notify?.includes('SUCCESS') ?? false,
  },
];
