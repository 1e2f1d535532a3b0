// Decides where one tool comes from, given everything that was found out about this machine: PATH when new enough,
// then an earlier build in the cache, then a build with Go, then the publisher's release. Runs and reads nothing.

import type { GoState } from './go.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';
import type { Version } from './version.ts';

/** What a program answered when asked for its version. */
export type Probe =
  | { readonly kind: 'version'; readonly path: string; readonly version: Version }
  | { readonly kind: 'unusable'; readonly path: string; readonly problem: string };

export type Evidence = {
  readonly minimum: string;
  /** In the order of PATH. */
  readonly onPath: readonly Probe[];
  readonly cached: readonly Probe[];
  readonly go: GoState;
  /** Whether the publisher offers a release for this platform. */
  readonly releaseOffered: boolean;
};

export type Decision =
  | { readonly use: 'path' | 'cache'; readonly path: string; readonly version: Version }
  | { readonly use: 'build' }
  | { readonly use: 'release' }
  | { readonly use: 'nothing' };

/** `passedOver` says in one line each why something that was there is not taken. */
export type Choice = { readonly decision: Decision; readonly passedOver: readonly string[] };

/** The first of the four sources that serves. */
export function choose(evidence: Evidence): Choice {
  const passedOver: string[] = [];
  for (const [use, probes] of [
    ['path', evidence.onPath],
    ['cache', evidence.cached],
  ] as const) {
    for (const probe of probes) {
      const objection = objectionTo(probe, evidence.minimum);
      if (objection !== undefined) passedOver.push(objection);
      else if (probe.kind === 'version') {
        return { decision: { use, path: probe.path, version: probe.version }, passedOver };
      }
    }
  }
  return { decision: makeOrFetch(evidence), passedOver };
}

function objectionTo(probe: Probe, minimum: string): string | undefined {
  if (probe.kind === 'unusable') return `${probe.path}: ${probe.problem}`;
  const needed = parseVersion(minimum);
  if (needed === undefined) throw new Error(`the catalogue's minimum ${minimum} is not a version`);
  if (isAtLeast(probe.version, needed)) return undefined;
  return `${probe.path} is ${formatVersion(probe.version)}, older than ${minimum}`;
}

function makeOrFetch({ go, releaseOffered }: Evidence): Decision {
  if (go.kind === 'usable') return { use: 'build' };
  return releaseOffered ? { use: 'release' } : { use: 'nothing' };
}
