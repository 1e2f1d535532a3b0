// Finds out whether this machine can build the pinned modules: is there a Go, and is it new enough or allowed to fetch a
// newer one of itself. Touches no network.

import { runBriefly } from './run.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';

export type GoState =
  /** `version` as Go writes it: `go1.26.8`. */
  { readonly kind: 'usable'; readonly version: string } | { readonly kind: 'unusable'; readonly problem: string };

/** Since this version a Go downloads the toolchain that a go.mod asks for (Go Toolchains, go.dev/doc/toolchain). */
const switchesSince = '1.21';

/** Asks the `go` on PATH. `needed` is the go line of go.mod. */
export async function findGo(needed: string): Promise<GoState> {
  const answer = await runBriefly('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], {
    // Outside any module and without the user's flags the answer is about this Go itself.
    cwd: '/',
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
  });
  if (answer.kind === 'failed') return { kind: 'unusable', problem: `go: ${answer.problem}` };
  const [version = '', toolchain = ''] = answer.output.split('\n');
  return judgeGo(version.trim(), toolchain.trim(), needed);
}

/** Is the Go of that version, with that GOTOOLCHAIN setting, able to build what needs `needed`? */
export function judgeGo(version: string, toolchain: string, needed: string): GoState {
  const own = parseVersion(/^go(\d+\.\d+(?:\.\d+)?)/.exec(version)?.[1] ?? '');
  if (own === undefined) return { kind: 'unusable', problem: `go: calls itself "${version.slice(0, 40)}"` };
  const maySwitch = toolchain === 'auto' || toolchain.endsWith('+auto') || toolchain.endsWith('+path');
  if (reaches(needed) || (maySwitch && reaches(switchesSince))) return { kind: 'usable', version };
  return { kind: 'unusable', problem: `go: is ${formatVersion(own)}, older than ${needed}` };

  function reaches(minimum: string): boolean {
    const wanted = parseVersion(minimum);
    return own !== undefined && wanted !== undefined && isAtLeast(own, wanted);
  }
}
