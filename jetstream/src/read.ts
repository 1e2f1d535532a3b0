// Stored messages by stream and subject. `readNear` asks any replica and may miss what was written a moment ago, `readLast` asks
// the leader, `readMany` reads several. All reject when nobody answers: not knowing is not "nothing there".
import {
  JetStreamApiError,
  JetStreamError,
  jetstreamManager,
  type BatchCallback,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import type { QueuedIterator } from '@nats-io/transport-node';
import type { Nats } from './connect.ts';

const noMessageFound = 10037;
const readTimeoutMs = 5_000;
const readManyTimeoutMs = 10_000;

/** The client's management interface, on a connection: rejects when there is none for a while. */
export async function manager(nats: Nats): Promise<JetStreamManager> {
  if (!(await nats.connectedWithin(readTimeoutMs))) throw new Error('NATS is not connected');
  return jetstreamManager(nats.nc, { checkAPI: false, timeout: readTimeoutMs });
}

/** The newest message on `subject` as the stream's leader knows it. */
export async function readLast(nats: Nats, stream: string, subject: string): Promise<StoredMsg | undefined> {
  try {
    const { streams } = await manager(nats);
    return (await nats.whileConnected(streams.getMessage(stream, { last_by_subj: subject }))) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === noMessageFound) return undefined;
    throw error;
  }
}

/** The newest message on `subject` as the nearest replica knows it; for what never changes once written. */
export async function readNear(nats: Nats, stream: string, subject: string): Promise<StoredMsg | undefined> {
  return (await (await manager(nats)).direct.getMessage(stream, { last_by_subj: subject })) ?? undefined;
}

export type ManyQuery =
  /** The newest message of every subject that matches one of these; at most 1024 subjects. */
  | { readonly multi_last: string[] }
  /** Every message from `start_time` or `seq` on that matches the subject, oldest first, at most `batch`. */
  | (Start & { readonly next_by_subj: string; readonly batch: number });
type Start = { readonly start_time: Date } | { readonly seq: number };

const pageSize = 1_000;

/** Every message from `since` on that matches the subject, oldest first, as the nearest replica knows them; page by page. */
export async function readAll(
  nats: Nats,
  stream: string,
  { since, subject: next_by_subj }: { readonly since: Date; readonly subject: string },
): Promise<readonly StoredMsg[]> {
  const found: StoredMsg[] = [];
  let start: Start = { start_time: since };
  for (;;) {
    const page = await readMany(nats, stream, { ...start, next_by_subj, batch: pageSize });
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || last.pending <= 0) return found;
    start = { seq: last.seq + 1 };
  }
}

/** Several messages as the nearest replica knows them. In the client's iterator mode each call would leak a subscription. */
export async function readMany(nats: Nats, stream: string, query: ManyQuery): Promise<readonly StoredMsg[]> {
  const { direct } = await manager(nats);
  const found: StoredMsg[] = [];
  const ended = Promise.withResolvers<void>();
  const callback: BatchCallback<StoredMsg> = (done, message) => {
    if (done === null) found.push(message);
    else if (done.err === undefined || isNothingFound(done.err)) ended.resolve();
    else ended.reject(done.err);
  };
  const reading: QueuedIterator<StoredMsg> =
    'multi_last' in query
      ? await direct.getLastMessagesFor(stream, { ...query, callback } as { multi_last: string[] })
      : await direct.getBatch(stream, { ...query, callback });
  const timer = setTimeout(() => reading.stop(new Error('NATS did not answer in time')), readManyTimeoutMs);
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
  }
  return found;
}

function isNothingFound(error: Error): boolean {
  return error instanceof JetStreamError && 'code' in error && error.code === 404;
}
