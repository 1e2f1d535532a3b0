// How the pinned modules become programs: the exact `go build` and its environment. Pure; build.ts runs it.
// Everything here that changes the result is part of the cache key, see `recipeText`.

import { catalogue } from './catalogue.ts';
import type { Tool } from './catalogue.ts';
import { pinnedVersion } from './pins.ts';
import type { Pins } from './pins.ts';

export type Machine = { readonly cores: number; readonly memoryBytes: number };
export type BuildCommand = {
  readonly args: readonly string[];
  /** Laid over the caller's environment. */
  readonly env: Readonly<Record<string, string>>;
};

/** Builds `tools` into the existing folder `output`, each under its own name. */
export function buildCommand(tools: readonly Tool[], pins: Pins, output: string, machine: Machine): BuildCommand {
  return {
    args: ['build', '-v', ...flags(pins), '-o', `${output}/`, ...tools.map((tool) => tool.goPackage)],
    env: { ...buildEnvironment, ...speedEnvironment(machine) },
  };
}

/** The part of the cache key that go.mod and go.sum do not hold. */
export function recipeText(pins: Pins): string {
  const packages = catalogue.map((tool) => tool.goPackage);
  return JSON.stringify({ flags: flags(pins), env: buildEnvironment, packages });
}

// A reader's own settings must not change what is built: no cross build, no workspace, no vendor folder.
const buildEnvironment = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOOS: '', GOARCH: '' };

function flags(pins: Pins): readonly string[] {
  const linker = ['-s', '-w', ...kubernetesStamp(pinnedVersion(pins, 'k8s.io/kubernetes'))];
  // No DWARF: a tenth less time on an empty cache, and nobody debugs these.
  return ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', `-ldflags=${linker.join(' ')}`];
}

/**
 * Without the stamp the API server calls itself `v0.0.0-master+$Format:%H$`, which kubectl cannot parse.
 * The linker ignores it for programs that lack these variables.
 */
function kubernetesStamp(version: string): readonly string[] {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
  };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((variables) =>
    Object.entries(values).map(([name, value]) => `-X ${variables}.${name}=${value}`),
  );
}

/** Compilers without garbage collection take a fifth less time, as long as all of them fit into half the memory. */
function speedEnvironment({ cores, memoryBytes }: Machine): Record<string, string> {
  const mebibytes = Math.floor(memoryBytes / 2 ** 20 / 2 / cores);
  return { GOGC: 'off', GOMEMLIMIT: `${Math.min(4096, Math.max(256, mebibytes))}MiB` };
}
