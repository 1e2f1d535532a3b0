// Debian packages that only tests and benchmarks use, as peers and judges we did not write. Pure data.
import type { DebianRequirement } from './debian.ts';

export const testPackages: readonly DebianRequirement[] = [
  { package: 'python3-dkim', provides: { kind: 'python', module: 'dkim' }, for: 'the second DKIM verifier' },
  { package: 'postfix', provides: { kind: 'program', program: 'postfix' }, for: 'a real next hop' },
];

export const benchPackages: readonly DebianRequirement[] = [
  { package: 'postfix', provides: { kind: 'program', program: 'postfix' }, for: 'the comparison' },
  { package: 'opendkim', provides: { kind: 'program', program: 'opendkim' }, for: 'the comparison' },
];
