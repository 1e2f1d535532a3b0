// How many entries of the queue match, ready and deferred together, without hearing the name of a single one: asked every few
// seconds, of a queue that may hold a million. Dead letters are not waiting and do not count. Decides nothing.
import { deferredFilter, entryFilter, streams, type SubjectFilter } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';

const timeoutMs = 5_000;
/** The server says how many subjects match besides the page asked for; beyond the last one the page is empty. */
const beyondAll = 2 ** 31 - 1;

/** An entry on its way from one stream to the other may count twice, never not at all. Rejects when NATS does not answer. */
export async function countEntries(nats: Nats, filter: SubjectFilter): Promise<number> {
  const ready = await count(nats, streams.mail, entryFilter('mq', filter)); // before the others, as an entry goes
  return ready + (await count(nats, streams.deferred, deferredFilter(filter)));
}

async function count(nats: Nats, stream: string, subjects_filter: string): Promise<number> {
  const question = JSON.stringify({ subjects_filter, offset: beyondAll });
  const answer = await nats.ask(`$JS.API.STREAM.INFO.${stream}`, question, { timeoutMs });
  const { error, total = 0 } = answer.json<{
    readonly error?: { readonly err_code: number; readonly description: string };
    readonly total?: number;
  }>();
  if (error) throw new Error(`stream ${stream} cannot be looked at: ${error.description} (error ${error.err_code})`);
  return total;
}
