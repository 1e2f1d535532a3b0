// The publisher of one fleet: publish.ts with a memory. Remembers what it sealed, so that a look at an unchanged bucket costs
// nothing, and what it published, which the next plan builds on.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { WantedSnapshot } from '../plan.ts';
import type { PublishedSnapshot } from '../world.ts';
import { loadPublished, publishSnapshot, sealSnapshot, type Bucket, type Publication, type Sealed } from './publish.ts';

export type Publisher = {
  /** What is published, as far as known. */
  published(): PublishedSnapshot | undefined;
  /** Learns what an earlier run published. Rejects when NATS does not answer. */
  load(bucket: Bucket, wanted: WantedSnapshot): Promise<void>;
  /** Makes the bucket hold `wanted`. Rejects when NATS does not answer or the generation could not be noted. */
  publish(bucket: Bucket, wanted: WantedSnapshot): Promise<Publication>;
};

export type PublisherDeps = {
  readonly noteGeneration: (keysSecret: ObjectRef, generation: number) => Promise<void>;
  readonly now: () => number;
};

export function createPublisher(deps: PublisherDeps): Publisher {
  let published: PublishedSnapshot | undefined;
  // Of the fleet it is about: one that was deleted and created again has the same name, and is another.
  let publishedFor: string | undefined;
  let sealed: Sealed | undefined;
  // The highest generation this process gave out. A plan made before that does not know of it, and the bucket may be lost meanwhile.
  let given = 0;
  const noteGeneration: PublisherDeps['noteGeneration'] = async (keysSecret, generation) => {
    await deps.noteGeneration(keysSecret, generation);
    given = Math.max(given, generation);
  };
  return {
    published: () => published,
    async load(bucket, wanted) {
      if (published !== undefined) return;
      published = await loadPublished(bucket, wanted);
      publishedFor = wanted.fleetUid;
    },
    async publish(bucket, wanted) {
      sealed = sealSnapshot(wanted, sealed);
      const above = Math.max(wanted.generationFloor, published?.generation ?? 0, given);
      const previous = publishedFor === wanted.fleetUid ? published : undefined;
      const work = { wanted: { ...wanted, generationFloor: above }, sealed, previous };
      const publication = await publishSnapshot({ ...deps, noteGeneration, bucket }, work);
      if (publication.ok) {
        published = publication.published;
        publishedFor = wanted.fleetUid;
      }
      return publication;
    },
  };
}
