// What is to become of the queued mail of an object that is deleted, by the word of whoever deletes it; before or after that.
// Refuses to know how mail is dropped.
import type { ObjectMeta } from '@relayfleet/contract/api/object-meta.ts';

export const onDeleteAnnotation = 'relayfleet.io/on-delete';

/** Drain: it is delivered first. Drop: it is not. Abandon: it stays where it is, and the object goes at once. */
export type OnDelete = 'drain' | 'drop' | 'abandon';

/** Without a word, or with one nobody knows, nothing is lost. */
export function onDeleteOf({ metadata }: { readonly metadata: ObjectMeta }): OnDelete {
  const word = metadata.annotations?.[onDeleteAnnotation]?.trim().toLowerCase();
  return word === 'drop' || word === 'abandon' ? word : 'drain';
}
