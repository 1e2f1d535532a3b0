// What lies in a fleet's queue and what its events say, read with the user of the ready file that can change nothing.
// A fresh connection for each look: nats-server may have been killed since the last one.
import type { MailEvent } from '@relayfleet/contract/event.ts';
import { connectNats, type Nats } from '@relayfleet/jetstream/connect.ts';
import { eventsOf, listEntries, type EntryListing } from '@relayfleet/jetstream/inspect.ts';
import type { ReadyFile } from '../../cli/src/local/ready-file.ts';
import { until } from './until.ts';

export function entriesIn(ready: ReadyFile): Promise<readonly EntryListing[]> {
  return look(ready, (nats) => listEntries(nats, {}));
}

/** All events of one mail, oldest first. */
export function eventsIn(ready: ReadyFile, id: string): Promise<readonly MailEvent[]> {
  return look(ready, (nats) => eventsOf(nats, id));
}

/** Waits until nothing is ready, due, deferred or dead: from then on nothing can be sent any more. */
export async function untilQueueIsEmpty(ready: () => ReadyFile, withinMs = 120_000): Promise<void> {
  let left: readonly string[] = [];
  await until(
    () => `an empty queue; in it: ${left.join(', ')}`,
    async () => {
      left = await entriesIn(ready()).then(
        (entries) => entries.map(({ subject }) => subject),
        (error: Error) => [error.message],
      );
      return left.length === 0;
    },
    { withinMs, everyMs: 250 },
  );
}

async function look<T>({ nats: { url, reader } }: ReadyFile, read: (nats: Nats) => Promise<T>): Promise<T> {
  const nats = await connectNats({ url, ...reader, role: 'reader', name: 'test' });
  try {
    return await read(nats);
  } finally {
    await nats.close();
  }
}
