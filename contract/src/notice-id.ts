// Ids of the notices that a mail gives rise to. A function of entry and attempt: a notice composed twice is queued once, and
// whoever knows a mail finds its notices without being told of them. Refuses to know when a notice is due.
import { createHash } from 'node:crypto';
import { derivedMailId, mailIdTime } from './mail-id.ts';

/** RFC 3464 §2.3.3: what a notice says of those it is about. */
export const noticeActions = ['failed', 'delayed', 'relayed'] as const;
export type NoticeAction = (typeof noticeActions)[number];

/** `attempt`: attempts of the entry `id.k` that were made before the one that gave rise to it. */
export type NoticeOrigin = { readonly id: string; readonly k: number; readonly attempt: number };

export function noticeId(action: NoticeAction, { id, k, attempt }: NoticeOrigin): string {
  return derivedMailId(
    mailIdTime(id),
    createHash('sha256')
      .update(seeds[action](`${id}.${k}`, attempt))
      .digest(),
  );
}

const seeds: Readonly<Record<NoticeAction, (entry: string, attempt: number) => string>> = {
  failed: (entry, attempt) => `dsn.${entry}.${attempt}`,
  delayed: (entry) => `delayed.${entry}`, // said once in an entry's life
  relayed: (entry, attempt) => `relayed.${entry}.${attempt}`,
};
