// In which order hosts are tried: by preference, and within one preference at random, so that equals share the mail.
// RFC 5321 §5.1 for MX records; RFC 2782 for smarthosts with priorities, whose weights say how large a share is.
// Pure; refuses to know what is done with a host.
import type { Smarthost } from '@relayfleet/contract/snapshot.ts';
import type { MxRecord } from './dns.ts';

/** Best first. */
export function byPreference(records: readonly MxRecord[], random: () => number): readonly MxRecord[] {
  return shuffle(records, random).toSorted((a, b) => a.preference - b.preference); // stable: equals stay in random order
}

/** Smarthosts without priorities keep the order of their list. */
export function byPriority(hosts: readonly Smarthost[], random: () => number): readonly Smarthost[] {
  const groups = Map.groupBy(hosts.entries(), ([place, { priority = place }]) => priority);
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, group]) =>
      byWeight(
        group.map(([, host]) => host),
        random,
      ),
    );
}

/** Fisher-Yates. */
export function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/**
 * RFC 2782: each next one is drawn with a chance in proportion to its weight. A weight of 0, which the RFC gives a very small chance,
 * is given none before the others: a spare.
 */
function byWeight(hosts: readonly Smarthost[], random: () => number): readonly Smarthost[] {
  const left = [...hosts];
  const ordered: Smarthost[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, host) => sum + weightOf(host), 0);
    let drawn = random() * total;
    const at =
      total === 0 ? Math.floor(random() * left.length) : left.findIndex((host) => (drawn -= weightOf(host)) < 0);
    ordered.push(...left.splice(at < 0 ? left.length - 1 : at, 1));
  }
  return ordered;
}

function weightOf({ weight = 1 }: Smarthost): number {
  return weight;
}
