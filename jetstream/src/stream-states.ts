// Depth and age of everything the queue holds, for metrics and status. Reads only; any role may ask.
import { consumers, streams, type ConsumerKey, type StreamName } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { manager } from './read.ts';

export type StreamState = {
  readonly stream: StreamName;
  readonly messages: number;
  readonly bytes: number;
  /** Undefined: no limit. */
  readonly maxBytes: number | undefined;
  /** When the oldest message was stored, epoch milliseconds; undefined when the stream is empty. */
  readonly oldestAt: number | undefined;
};

export type ConsumerState = {
  readonly consumer: ConsumerKey;
  /** Not handed out yet. */
  readonly pending: number;
  /** Handed out and not finished. */
  readonly unfinished: number;
  /** Of those, handed out more than once. */
  readonly redelivered: number;
};

export type QueueStates = { readonly streams: readonly StreamState[]; readonly consumers: readonly ConsumerState[] };

/** Rejects when NATS does not answer or a stream is missing. */
export async function streamStates(nats: Nats): Promise<QueueStates> {
  const jsm = await manager(nats);
  const readStream = async (stream: StreamName): Promise<StreamState> => {
    const { config, state } = await jsm.streams.info(stream);
    return {
      stream,
      messages: state.messages,
      bytes: state.bytes,
      maxBytes: config.max_bytes > 0 ? config.max_bytes : undefined,
      oldestAt: state.messages > 0 ? Date.parse(state.first_ts) : undefined,
    };
  };
  const readConsumer = async (consumer: ConsumerKey): Promise<ConsumerState> => {
    const { stream, name } = consumers[consumer];
    const info = await jsm.consumers.info(stream, name);
    return {
      consumer,
      pending: info.num_pending,
      unfinished: info.num_ack_pending,
      redelivered: info.num_redelivered,
    };
  };
  const [streamList, consumerList] = await Promise.all([
    Promise.all(Object.values(streams).map(readStream)),
    Promise.all((Object.keys(consumers) as ConsumerKey[]).map(readConsumer)),
  ]);
  return { streams: streamList, consumers: consumerList };
}
