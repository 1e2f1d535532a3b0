// Reads and compares version numbers as the tools print them. Semantic Versioning 2.0.0, leniently read: a missing
// patch number is 0 (Go's `1.26`), build metadata is ignored, and of two pre-releases of one version neither is newer.

export type Version = {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `rc.1` of `1.2.3-rc.1`; empty for a release. */
  readonly preRelease: string;
};

/** `v1.36.3`, `2.15.2`, `1.26`, `3.6.0-rc.1+abc` -> numbers; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text);
  if (match === null) return undefined;
  return {
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: Number(match[3] ?? '0'),
    preRelease: match[4] ?? '',
  };
}

/** Finds a version in a program's output by a pattern whose group 1 is the version. */
export function readVersion(output: string, pattern: RegExp): Version | undefined {
  const text = pattern.exec(output)?.[1];
  return text === undefined ? undefined : parseVersion(text);
}

/** True when `version` has the precedence of `minimum` or a higher one. */
export function isAtLeast(version: Version, minimum: Version): boolean {
  const difference = version.major - minimum.major || version.minor - minimum.minor || version.patch - minimum.patch;
  if (difference !== 0) return difference > 0;
  // Semantic Versioning 2.0.0 §11.3: a pre-release precedes its release.
  return version.preRelease === '' || minimum.preRelease !== '';
}

export function formatVersion({ major, minor, patch, preRelease }: Version): string {
  return `${major}.${minor}.${patch}${preRelease === '' ? '' : `-${preRelease}`}`;
}
