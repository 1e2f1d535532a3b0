// Debian packages that only tests and benchmarks use, as peers and judges we did not write. Pure data.
import type { DebianRequirement } from './debian.ts';

export const testPackages: readonly DebianRequirement[] = [
  { package: 'python3-dkim', provides: { kind: 'python', module: 'dkim' }, for: 'the second DKIM verifier' },
  { package: 'swaks', provides: { kind: 'program', program: 'swaks' }, for: 'a client that `npm start` recommends' },
  {
    package: 'libnet-ssleay-perl',
    provides: { kind: 'perl', module: 'Net::SSLeay' },
    for: 'TLS in swaks',
  },
  { package: 'postfix', provides: { kind: 'program', program: 'postfix' }, for: 'a real next hop, and a real client' },
  {
    package: 'libsasl2-modules',
    provides: { kind: 'file', pattern: '/usr/lib/*/sasl2/libplain.so*' },
    for: 'Postfix as a client that logs in',
  },
  { package: 'python3-aiosmtplib', provides: { kind: 'python', module: 'aiosmtplib' }, for: 'a client in Python' },
  { package: 'python3-aiosmtpd', provides: { kind: 'python', module: 'aiosmtpd' }, for: 'a next hop in Python' },
];

export const benchPackages: readonly DebianRequirement[] = [
  { package: 'postfix', provides: { kind: 'program', program: 'postfix' }, for: 'the comparison' },
  { package: 'opendkim', provides: { kind: 'program', program: 'opendkim' }, for: 'the comparison' },
];
