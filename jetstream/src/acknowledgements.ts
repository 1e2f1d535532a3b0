// Where nodes say which configuration they hold, and the operator reads it. A node writes its own key; a missing key is a node
// that stopped. Refuses to know what makes a node ready.
import {
  decodeAcknowledgement,
  encodeAcknowledgement,
  type Acknowledgement,
} from '@relayfleet/contract/acknowledgement.ts';
import { bucketStream, bucketSubject, buckets, notices, token } from '@relayfleet/contract/subjects.ts';
import { forgetValue, presentValue, putValue } from './bucket.ts';
import type { Nats } from './connect.ts';
import { follow } from './follow.ts';
import { readMany } from './read.ts';

export type Acknowledger = {
  /** Rejects when NATS does not answer. */
  put(acknowledgement: Acknowledgement): Promise<void>;
  /** Says that this node has stopped. */
  remove(): Promise<void>;
};

const lookEveryMs = 5_000;

export function openAcknowledger(nats: Nats, node: string): Acknowledger {
  const subject = bucketSubject(buckets.acknowledgements, token(node));
  return {
    put: async (acknowledgement) =>
      void (await putValue(nats, { subject, bytes: encodeAcknowledgement(acknowledgement) })),
    remove: () => forgetValue(nats, subject),
  };
}

/**
 * Calls `listener` with the latest acknowledgement of every node, at once and whenever one of them changes. What cannot be read
 * is left out: it is as good as none. Says nothing while NATS does not answer. Returns how to stop.
 */
export function watchAcknowledgements(
  nats: Nats,
  listener: (acknowledgements: readonly Acknowledgement[]) => void,
): () => void {
  let last: string | undefined;
  const look = async () => {
    const acknowledgements = await readAcknowledgements(nats);
    const digest = JSON.stringify(acknowledgements);
    if (digest === last) return;
    last = digest;
    listener(acknowledgements);
  };
  return follow(nats, { notices: notices.acknowledgements, everyMs: lookEveryMs, look });
}

async function readAcknowledgements(nats: Nats): Promise<readonly Acknowledgement[]> {
  const multi_last = [bucketSubject(buckets.acknowledgements, '>')];
  const stored = await readMany(nats, bucketStream(buckets.acknowledgements), { multi_last });
  return stored
    .filter((message) => presentValue(message) !== undefined)
    .map((message) => decodeAcknowledgement(message.data))
    .flatMap((parsed) => (parsed.ok ? [parsed.value] : []))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}
