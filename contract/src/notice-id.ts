// Ids of the notices that a mail gives rise to. A function of what is told, about whom: composed twice, by a worker after a crash or by
// two whose attempts overlapped, it is queued once; and whoever knows a mail's events finds its notices without being told of them.
// Refuses to know when a notice is due.
import { createHash } from 'node:crypto';
import { derivedMailId, mailIdTime } from './mail-id.ts';
import type { RecipientResult } from './outcome.ts';

/** RFC 3464 §2.3.3: what a notice says of those it is about. */
export const noticeActions = ['failed', 'delayed', 'relayed'] as const;
export type NoticeAction = (typeof noticeActions)[number];

/** An attempt of the entry `id.k`, as its event has it. */
export type NoticeOrigin = {
  readonly id: string;
  readonly k: number;
  readonly results: readonly Pick<RecipientResult, 'n' | 'outcome' | 'relayed'>[];
};

export function noticeId(action: NoticeAction, { id, k, results }: NoticeOrigin): string {
  const about = results.filter(ends[action]).map(({ n }) => n);
  const seed = [action, id, k, ...about.toSorted((a, b) => a - b)].join('.');
  return derivedMailId(mailIdTime(id), createHash('sha256').update(seed).digest());
}

/** Whose end it tells of: that comes once. A delay is nobody's, and told once in an entry's life, whoever waits. */
const ends: Readonly<Record<NoticeAction, (result: NoticeOrigin['results'][number]) => boolean>> = {
  failed: ({ outcome }) => outcome === 'bounced' || outcome === 'expired',
  delayed: () => false,
  relayed: ({ relayed }) => relayed === true,
};
