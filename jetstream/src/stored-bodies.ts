// What the sweeper sees and does in the body stream: lists bodies, asks whether a mail still has an entry, removes a body's bytes.
// Works on subjects and sequence numbers alone: whoever sweeps reads no mail. Decides nothing.
//
// Why removal is two steps: a purge only forgets; nats-server (2.15.2, filestore.go PurgeEx) leaves the bytes in a block file
// until the block is empty or rewritten, which may take days beside a held mail. Deleting by sequence overwrites them first.
import { JetStreamApiError } from '@nats-io/jetstream';
import { deferredFilter, filters, parseBodySubject, streams, type StreamName } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { manager } from './read.ts';

export type StoredBodies = {
  /** How many messages the stream holds of each mail's body; it grows with every chunk stored. */
  list(): Promise<ReadonlyMap<string, number>>;
  /** Mails that have an entry anywhere. Pages may slip while mail moves: good for narrowing down, no proof of absence. */
  withEntries(): Promise<ReadonlySet<string>>;
  /** One body and what its mail's streams say, each answered by the stream's leader, in the order that makes absence final. */
  look(id: string): Promise<BodyFacts>;
  /** Overwrites and removes what `look` saw, and nothing that was stored after it. */
  erase(id: string, facts: BodyFacts): Promise<void>;
};

export type BodyFacts = {
  readonly hasEntry: boolean;
  /** Something is recorded of it, which is written after the commit of all its entries: without an entry it is finished. */
  readonly committed: boolean;
  /** Where its chunks lie in the stream. */
  readonly sequences: readonly number[];
  /** The stream's newest message at that moment. */
  readonly upTo: number;
};

/** Code 10057 carries any failure of a deletion; the words are the store's (nats-server 2.15.2, store.go). */
const isGone = ({ code, message }: JetStreamApiError) =>
  code === 10043 || (code === 10057 && /no message found|deleted message/.test(message));

/** Everything rejects when NATS does not answer or a stream is missing: not knowing is not "nothing there". */
export function openStoredBodies(nats: Nats): StoredBodies {
  const info = async (stream: StreamName, subjects_filter: string) => {
    const { state } = await nats.whileConnected((await manager(nats)).streams.info(stream, { subjects_filter }));
    return { subjects: Object.keys(state.subjects ?? {}), last: state.last_seq };
  };
  const holds = async (stream: StreamName, filter: string) => (await info(stream, filter)).subjects.length > 0;

  return {
    async list() {
      const counts = new Map<string, number>();
      for (const subject of (await info(streams.bodies, '>')).subjects) {
        const id = parseBodySubject(subject)?.id;
        if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return counts;
    },
    async withEntries() {
      const ids = new Set<string>();
      for (const stream of [streams.mail, streams.deferred, streams.dead])
        for (const subject of (await info(stream, '>')).subjects) {
          const id = subject.split('.').at(-2); // in all trees, and of entries nobody could read
          if (id !== undefined) ids.add(id);
        }
      return ids;
    },
    async look(id) {
      // The body first: what is stored of it later is not touched. Then the way an entry goes, each move of which is stored at its
      // end before it leaves its beginning: ready, waiting or due (one question for both, as entries go round there), dead.
      const body = await info(streams.bodies, filters.bodyOf(id));
      const committed = await holds(streams.events, filters.eventsOf(id));
      const hasEntry =
        (await holds(streams.mail, filters.mailOf(id))) ||
        (await holds(streams.deferred, deferredFilter({ id }))) ||
        (await holds(streams.dead, filters.deadOf(id)));
      const sequences = body.subjects.flatMap((subject) => parseBodySubject(subject)?.sequences ?? []);
      return { hasEntry, committed, sequences, upTo: body.last };
    },
    async erase(id, { sequences, upTo }) {
      const { streams: api } = await manager(nats);
      for (const sequence of sequences)
        await api.deleteMessage(streams.bodies, sequence, true).catch((error: unknown) => {
          // Removed by a pass that ended here, or replaced when the body was stored again.
          if (!(error instanceof JetStreamApiError && isGone(error))) throw error;
        });
      await api.purge(streams.bodies, { filter: filters.bodyOf(id), seq: upTo + 1 });
    },
  };
}
