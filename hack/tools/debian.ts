// Sees to the Debian packages that only tests need (mail servers and verifiers to test against). As root on Debian it
// installs what is missing, and says so first; anywhere else it only names what is missing and the command to run.
// Does not decide whether missing packages fail the run: the caller does.

import { spawn } from 'node:child_process';
import { access, glob, rm, writeFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { findOnPath } from './probe.ts';
import { runBriefly } from './run.ts';

export type Provides =
  /** A program's name, or its absolute path. */
  | { readonly kind: 'program'; readonly program: string }
  /** For what is no program: where it lies differs with the processor. */
  | { readonly kind: 'file'; readonly pattern: string }
  /** A module of Debian's own Python, see `debianPython`. */
  | { readonly kind: 'python'; readonly module: string }
  | { readonly kind: 'perl'; readonly module: string };

export type DebianRequirement = {
  readonly package: string;
  /** What shows that the package, or an equal installed in another way, is there. */
  readonly provides: Provides;
  /** What needs it, for the messages: `the comparison with Postfix`. */
  readonly for: string;
};

export type DebianResult =
  | { readonly kind: 'present'; readonly installed: readonly string[] }
  | {
      readonly kind: 'missing';
      readonly missing: readonly DebianRequirement[];
      /** What the reader can run, as root. */
      readonly command: string;
      readonly reason: string;
    };

/** Debian's Python modules belong to this interpreter, whatever `python3` on PATH is. */
export const debianPython = '/usr/bin/python3';

/** Installs missing packages where it may; daemons of new packages are not started. */
export async function ensureDebianPackages(
  requirements: readonly DebianRequirement[],
  { progress }: { readonly progress: (line: string) => void },
): Promise<DebianResult> {
  const missing = await absent(requirements);
  const isRoot = process.getuid?.() === 0;
  const plan = planInstallation(missing, { isRoot, hasApt: (await findOnPath('apt-get', systemPath)).length > 0 });
  if (plan.kind !== 'install') return plan;
  for (const { package: name, for: purpose } of missing) progress(`Debian package ${name} is missing (for ${purpose})`);
  progress(`installing: ${plan.command}`);
  const problem = await install(plan.packages);
  const still = await absent(missing);
  if (still.length === 0) return { kind: 'present', installed: plan.packages };
  const reason = problem ?? 'apt-get succeeded, but what was wanted is still not there';
  return { kind: 'missing', missing: still, command: plan.command, reason };
}

export type Plan =
  DebianResult | { readonly kind: 'install'; readonly packages: readonly string[]; readonly command: string };

/** What to do about missing packages on such a machine. */
export function planInstallation(
  missing: readonly DebianRequirement[],
  machine: { readonly isRoot: boolean; readonly hasApt: boolean },
): Plan {
  if (missing.length === 0) return { kind: 'present', installed: [] };
  const packages = [...new Set(missing.map((requirement) => requirement.package))].sort();
  const command = `apt-get update && apt-get ${installArguments(packages).join(' ')}`;
  if (machine.isRoot && machine.hasApt) return { kind: 'install', packages, command };
  const reason = machine.hasApt ? 'not running as root' : 'this machine has no apt-get';
  return { kind: 'missing', missing, command, reason };
}

/** debconf answers that a package would otherwise ask a person for. */
export function preseedFor(packages: readonly string[]): string {
  // Tests write their own main.cf; the package must neither ask nor configure this host as a mail server.
  return packages.includes('postfix') ? 'postfix postfix/main_mailer_type select No configuration\n' : '';
}

/** Servers live in sbin, which an ordinary PATH may lack. */
const systemPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

/** `--no-remove`: rather fail than replace the mail server this host uses. */
function installArguments(packages: readonly string[]): readonly string[] {
  return ['install', '-y', '--no-install-recommends', '--no-remove', ...packages];
}

async function absent(requirements: readonly DebianRequirement[]): Promise<readonly DebianRequirement[]> {
  const there = await Promise.all(requirements.map(({ provides }) => isThere(provides)));
  return requirements.filter((_, position) => there[position] === false);
}

async function isThere(provides: Provides): Promise<boolean> {
  if (provides.kind === 'program') {
    if (isAbsolute(provides.program)) return exists(provides.program);
    return (await findOnPath(provides.program, systemPath)).length > 0;
  }
  if (provides.kind === 'file') return matchesAny(provides.pattern);
  if (provides.kind === 'perl')
    return (await runBriefly('/usr/bin/perl', [`-M${provides.module}`, '-e', '1'])).kind === 'answered';
  const script = 'import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)';
  return (await runBriefly(debianPython, ['-c', script, provides.module])).kind === 'answered';
}

async function matchesAny(pattern: string): Promise<boolean> {
  for await (const _ of glob(pattern)) return true;
  return false;
}

/** The first step that failed, with its last lines; undefined when all went well. */
async function install(packages: readonly string[]): Promise<string | undefined> {
  return withoutStartingDaemons(async () => {
    const wait = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Options::=--force-confold'];
    const preseed = preseedFor(packages);
    return (
      (await step('apt-get', ['update', '-q'])) ??
      (preseed === '' ? undefined : await step('debconf-set-selections', [], preseed)) ??
      (await step('apt-get', [...installArguments(packages), '-q', ...wait]))
    );
  });
}

const policyFile = '/usr/sbin/policy-rc.d';

/** Debian Policy §9.3.3.1: invoke-rc.d asks policy-rc.d, and 101 means "action forbidden". A policy that exists stays. */
async function withoutStartingDaemons<T>(work: () => Promise<T>): Promise<T> {
  if (await exists(policyFile)) return work();
  await writeFile(
    policyFile,
    '#!/bin/sh\n# Temporary: relayfleet tests install servers that must not start by themselves.\nexit 101\n',
    { mode: 0o755 },
  );
  try {
    return await work();
  } finally {
    await rm(policyFile, { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function step(program: string, args: readonly string[], input = ''): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, PATH: systemPath, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-2_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin.on('error', () => {}); // It ended without reading: its exit code tells.
    child.stdin.end(input);
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('close', (code, killedBy) => {
      const last = output.trim().split('\n').slice(-5).join('\n    ');
      resolve(code === 0 ? undefined : `${program} ${args[0] ?? ''} ended with ${code ?? killedBy}:\n    ${last}`);
    });
  });
}
