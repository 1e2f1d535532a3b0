// The identity of a snapshot's parts: a digest for every entry and one for the whole.
// Knowing since which generation an entry is unchanged lets its object stay Programmed while others are edited.
// Refuses to know shards: how entries are packed is the contract's business.
import { createHash } from 'node:crypto';
import type { SnapshotContent } from '@relayfleet/contract/snapshot.ts';
import type { EntryVersion } from '../world.ts';

export const fleetEntry = 'fleet';

export function domainEntry(domain: string): string {
  return `domain/${domain}`;
}

export function platformEntry(username: string): string {
  return `platform/${username}`;
}

/** Of a platform that is there for the mail that waits alone. */
export function drainingEntry(username: string): string {
  return `draining/${username}`;
}

/** Entry name -> SHA-256, hex. */
export function digestEntries(content: SnapshotContent): ReadonlyMap<string, string> {
  return new Map([
    [fleetEntry, digest(content.fleet)],
    ...content.domains.map((entry) => [domainEntry(entry.domain), digest(entry)] as const),
    ...content.platforms.map(
      (entry) => [(entry.draining ? drainingEntry : platformEntry)(entry.username), digest(entry)] as const,
    ),
  ]);
}

/** One digest over all entries, whatever their order. */
export function digestWhole(entries: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const name of [...entries.keys()].sort()) hash.update(`${name} ${entries.get(name) ?? ''}\n`);
  return hash.digest('hex');
}

/**
 * What `PublishedSnapshot.entries` becomes when `wanted` is published as `generation`: unchanged entries keep the generation
 * that first carried them. `previous` is undefined after a restart; then nothing older than `generation` counts.
 */
export function advanceEntries(
  previous: ReadonlyMap<string, EntryVersion> | undefined,
  wanted: ReadonlyMap<string, string>,
  generation: number,
): ReadonlyMap<string, EntryVersion> {
  const next = new Map<string, EntryVersion>();
  for (const [name, digest] of wanted) {
    const before = previous?.get(name);
    next.set(name, before?.digest === digest ? before : { digest, since: generation });
  }
  return next;
}

/** Entries are built with their keys in one order, so JSON is canonical enough. */
function digest(entry: unknown): string {
  return createHash('sha256').update(JSON.stringify(entry)).digest('hex');
}
