// Reads the pinned versions out of go.mod, so that they are written down once. Knows the few line shapes that file
// has (Go Modules Reference, "go.mod files"), not the whole grammar.

export type Pins = {
  /** The `go` line: the oldest Go that builds this module. */
  readonly go: string;
  /** Module path -> version such as `v2.15.2`. */
  readonly versions: ReadonlyMap<string, string>;
};

export function readPins(goMod: string): Pins {
  const go = /^go (\S+)$/m.exec(goMod)?.[1];
  if (go === undefined) throw new Error('go.mod has no go line');
  const required = [...goMod.matchAll(/^\s*(?:require )?(\S+\/\S+) (v\S+)(?: \/\/ indirect)?$/gm)];
  return { go, versions: new Map(required.map(([, module, version]) => [module ?? '', version ?? ''])) };
}

export function pinnedVersion(pins: Pins, module: string): string {
  const version = pins.versions.get(module);
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}
