// Handing queue entries to this node: never more than it can work on, and again after any failure of NATS.
// Pulls exactly the free slots: an entry that waited in a client's buffer would pass its acknowledgement time unseen and be
// delivered twice. Knows nothing of what is in an entry.
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream, type Consumer, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import { wokenHeader } from '@relayfleet/contract/order.ts';
import { decodeSetback, setbackHeader, type Setback } from '@relayfleet/contract/setback.ts';
import { consumers, type ConsumerKey } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';

/** An entry handed to this node. One of `done` and `release` ends it; until then it counts against `maxMessages`. */
export type Taken = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** How often the server believes to have handed it out, this time included. */
  readonly deliveries: number;
  /**
   * An earlier worker may have got somewhere: consult the event log before acting. True also for entries older than the server's
   * present run as far as we know it, since a server that was killed forgets its count.
   */
  readonly maybeSeen: boolean;
  /** It was brought forward before its time: to be tried at once. */
  readonly woken: boolean;
  /** What kept earlier workers from working on it; undefined when nothing did, or an attempt was recorded since. */
  readonly setback: Setback | undefined;
  /** Keeps the entry ours for another `ackWaitMs`; call every `ackExtendMs` while working. */
  extend(): void;
  /** Removes the entry, confirmed by the server. False: nobody confirmed it, so the entry may come again. Never rejects. */
  done(): Promise<boolean>;
  /** Gives the entry back at once, for any node. */
  release(): void;
};

export type TakeOptions = { readonly maxMessages: number; readonly signal: AbortSignal };

/** Inline bodies are up to 256 KB and three consumers share a connection: 3 x 64 x 256 KB stays below the server's 64 MB. */
const maxPull = 64;
const pullWaitMs = 5_000;
const gatherMs = 5;
const ackPatienceMs = 10_000;
const hearOutMs = 500;
/**
 * A server that was killed hands out again what other nodes hold or have just sent. Before taking from it anew, they get this
 * long to come back, too, and to record what they sent.
 */
const settleMs = 1_500;
const pauseMs = { first: 100, longest: 2_000 };

/**
 * Entries for this node, for ever; ends when the signal aborts, and then gives back what was not yet handed out. Iterate
 * without waiting for an entry's end: `maxMessages` bounds what is unfinished.
 */
export async function* takeEntries(
  nats: Nats,
  key: ConsumerKey,
  { maxMessages, signal }: TakeOptions,
): AsyncGenerator<Taken> {
  const slots = openSlots(maxMessages, signal);
  let pause = pauseMs.first;
  while (!signal.aborted) {
    try {
      const source = await openSource(nats, key, signal);
      pause = pauseMs.first;
      yield* pullWhileCurrent(source, slots, signal);
    } catch {
      // Consumer gone, server restarting, heartbeats missed: all pass, and until then there is nothing to take.
      await delay(pause, undefined, { signal }).catch(() => undefined);
      pause = Math.min(pause * 2, pauseMs.longest);
    }
  }
}

/** The consumer as found at one moment of one connection. */
type Source = {
  readonly nats: Nats;
  readonly consumer: Consumer;
  /** Whether the connection is still the one it was found on. */
  isCurrent(): boolean;
  /** The server's clock at that moment, in milliseconds. */
  readonly foundAt: number;
};

async function openSource(nats: Nats, key: ConsumerKey, signal: AbortSignal): Promise<Source> {
  const { stream, name } = consumers[key];
  if (!(await nats.connectedWithin(pullWaitMs))) throw new Error('NATS is not connected');
  const connection = nats.connections();
  if (connection > 1) await delay(settleMs, undefined, { signal });
  const consumer = await jetstream(nats.nc).consumers.get(stream, name);
  const { ts } = await consumer.info(true);
  return {
    nats,
    consumer,
    isCurrent: () => nats.isConnected() && nats.connections() === connection,
    foundAt: ts === undefined ? Infinity : Date.parse(ts),
  };
}

async function* pullWhileCurrent(source: Source, slots: Slots, signal: AbortSignal): AsyncGenerator<Taken> {
  while (source.isCurrent()) {
    await slots.free();
    // Each pull is a subscription and its end besides the question. Near full load a moment's wait makes it worth more entries;
    // with slots to spare there is no wait.
    if (slots.available() < slots.total / 4) await delay(gatherMs);
    if (signal.aborted) return;
    yield* pull(source, slots, signal);
  }
}

async function* pull(source: Source, slots: Slots, signal: AbortSignal): AsyncGenerator<Taken> {
  const batch = await source.consumer.fetch({
    max_messages: Math.min(slots.available(), maxPull),
    expires: pullWaitMs,
  });
  const stop = () => batch.stop();
  const leave = () => void hearOut(batch).then(stop);
  signal.addEventListener('abort', leave, { once: true });
  // The client would ask again by itself once it is connected, and be handed what others still hold.
  const forget = source.nats.onStatus(({ kind }) => {
    if (kind === 'disconnected') stop();
  });
  // While the batch was being opened:
  if (!source.isCurrent()) stop();
  else if (signal.aborted) leave();
  try {
    for await (const message of batch) {
      if (signal.aborted) message.nak();
      else yield hold(source, message, slots);
    }
  } finally {
    signal.removeEventListener('abort', leave);
    forget();
  }
}

/**
 * Asks for nothing more and waits for what the server has sent by then, so that it can be given back: an entry that arrives unheard
 * is nobody's until its acknowledgement time is over. The library's own `stop` does not listen for it.
 */
async function hearOut(batch: ConsumerMessages): Promise<void> {
  const { sub } = batch as ConsumerMessages & { readonly sub?: Subscription };
  await Promise.race([sub?.drain().catch(() => undefined), delay(hearOutMs)]);
}

function hold(source: Source, message: JsMsg, slots: Slots): Taken {
  let ended = false;
  slots.take();
  const end = () => {
    if (!ended) slots.give();
    ended = true;
  };
  return {
    subject: message.subject,
    data: message.data,
    deliveries: message.info.deliveryCount,
    maybeSeen: message.redelivered || !source.isCurrent() || message.time.getTime() <= source.foundAt,
    woken: message.headers?.has(wokenHeader) === true,
    setback: decodeSetback(message.headers?.get(setbackHeader)),
    extend: () => {
      if (!ended) message.working();
    },
    done: async () => {
      const confirmed = await acknowledge(source.nats, message);
      end();
      return confirmed;
    },
    release: () => {
      if (!ended) message.nak();
      end();
    },
  };
}

/**
 * The double acknowledgement: the server answers once the removal is durable. Without it thousands of removals were measured to
 * lie unsynced in the server, each of them a second delivery after a crash. Asked once: an entry whose answer was lost comes
 * again, and the event log then says that it is finished.
 */
async function acknowledge(nats: Nats, message: JsMsg): Promise<boolean> {
  try {
    if (!(await nats.connectedWithin(ackPatienceMs))) return false;
    const { reply } = message as JsMsg & { readonly reply: string }; // the library's class has it, its type does not say so
    await nats.ask(reply, '+ACK', { timeoutMs: ackPatienceMs });
    return true;
  } catch {
    return false;
  }
}

type Slots = {
  readonly total: number;
  available(): number;
  take(): void;
  give(): void;
  /** Resolves when at least one slot is free, or the signal aborts. */
  free(): Promise<void>;
};

function openSlots(total: number, signal: AbortSignal): Slots {
  let available = total;
  let wake = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  return {
    total,
    available: () => available,
    take: () => {
      available -= 1;
    },
    give: () => {
      available += 1;
      wake.resolve();
    },
    free: async () => {
      while (available <= 0 && !signal.aborted) {
        wake = Promise.withResolvers<void>();
        await wake.promise;
      }
    },
  };
}
