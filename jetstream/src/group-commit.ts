// Stores single messages of one stream, and when the disk is what they wait for, several of them under one sync.
// Nothing is held back to fill a batch: a message that finds a free slot is sent at once. Knows nothing of what it stores.
//
// Measured with sync_interval always, nats-server 2.15.2, 5 KB mails of 20 connections taken and acknowledged at the same time:
// - A single publish costs one sync; an atomic batch about four, and some forty calls for a directory and files of its own.
// - A disk that syncs in 4 ms: batches from eight messages on carry 1.3 x to 1.6 x (73, 111 and 148 to 180 mails/s).
// - A disk that syncs in 0.2 ms: the processor is the limit, and batches cost the server 0.88 instead of 0.74 ms a mail.
// So a backlog is batched only while this process has time to spare: then it is the disk that everybody waits for.
import type { Nats } from './connect.ts';
import { publishBatch, publishOne, type Message } from './publish.ts';
import type { Verdict } from './verdict.ts';

export type GroupCommit = {
  /** One try, answered within `timeoutMs`; the verdict is about this message alone, whatever travelled with it. */
  store(message: Message, timeoutMs: number): Promise<Verdict>;
};

/** A message and who waits for it. `open` turns false with the first verdict. */
type Waiting = {
  readonly message: Message;
  readonly end: number;
  readonly settle: (verdict: Verdict) => void;
  open: boolean;
};

const maxSingles = { diskBound: 4, cpuBound: 16 } as const;
const worthABatch = 8;
const maxBatchMessages = 200;
const maxBatchBytes = 2_000_000;

/** `isCpuBound`: whether this process, rather than the disk, is what messages wait for. */
export function openGroupCommit(nats: Nats, isCpuBound: () => boolean = watchUtilization()): GroupCommit {
  let waiting: Waiting[] = [];
  let singles = 0;
  let batchUnderWay = false;

  const pump = (): void => {
    waiting = waiting.filter(({ open }) => open);
    const cpuBound = isCpuBound();
    const room = cpuBound ? maxSingles.cpuBound : maxSingles.diskBound;
    while (waiting.length > 0) {
      if (waiting.length >= worthABatch && !cpuBound && !batchUnderWay) void runBatch(takeBatch(waiting));
      else if (singles < room) void runSingle(waiting.shift()!);
      else return;
    }
  };
  const runSingle = async (entry: Waiting) => {
    singles += 1;
    await storeSingly(nats, entry);
    singles -= 1;
    pump();
  };
  const runBatch = async (entries: readonly Waiting[]) => {
    batchUnderWay = true;
    const patience = Math.max(...entries.map(({ end }) => end)) - performance.now();
    const verdict = await publishBatch(
      nats,
      entries.map(({ message }) => message),
      Math.max(1, patience),
    );
    if (verdict.kind === 'stored') for (const { settle } of entries) settle(verdict);
    else await Promise.all(entries.map((entry) => storeSingly(nats, entry))); // one's fault, a known id say, is not its neighbours'
    batchUnderWay = false;
    pump();
  };

  return {
    store: (message, timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => entry.settle({ kind: 'again', detail: 'no answer in time' }), timeoutMs);
        const entry: Waiting = {
          message,
          end: performance.now() + timeoutMs,
          open: true,
          settle: (verdict) => {
            clearTimeout(timer);
            entry.open = false;
            resolve(verdict);
          },
        };
        waiting.push(entry);
        pump();
      }),
  };
}

/** Nothing is sent for one who no longer waits. */
async function storeSingly(nats: Nats, { open, message, end, settle }: Waiting): Promise<void> {
  if (open) settle(await publishOne(nats, message, Math.max(1, end - performance.now())));
}

/** Removes from the front what fits into one batch. */
function takeBatch(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0;
  const beyond = waiting.findIndex(({ message }, index) => {
    bytes += message.payload.length;
    return index === maxBatchMessages || (index > 0 && bytes > maxBatchBytes);
  });
  return waiting.splice(0, beyond === -1 ? waiting.length : beyond);
}

const busyShare = 0.6;
const lookEveryMs = 200;

/** Looks at the share of time the event loop is not idle, some times a second. */
function watchUtilization(): () => boolean {
  let last = performance.eventLoopUtilization();
  let lookedAt = performance.now();
  let cpuBound = false;
  return () => {
    if (performance.now() - lookedAt < lookEveryMs) return cpuBound;
    cpuBound = performance.eventLoopUtilization(last).utilization > busyShare;
    last = performance.eventLoopUtilization();
    lookedAt = performance.now();
    return cpuBound;
  };
}
