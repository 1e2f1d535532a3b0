import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planInstallation, preseedFor } from './debian.ts';
import type { DebianRequirement } from './debian.ts';

const postfix: DebianRequirement = {
  package: 'postfix',
  provides: { kind: 'program', program: 'postfix' },
  for: 'a real receiving server',
};
const dkim: DebianRequirement = {
  package: 'python3-dkim',
  provides: { kind: 'python', module: 'dkim' },
  for: 'a second opinion on signatures',
};
const command = 'apt-get update && apt-get install -y --no-install-recommends --no-remove postfix python3-dkim';

test('nothing missing needs nothing', () => {
  assert.deepEqual(planInstallation([], { isRoot: false, hasApt: false }), { kind: 'present', installed: [] });
});

test('root on Debian installs each package once', () => {
  const again = { ...dkim, provides: { kind: 'python', module: 'dkim.arc' } } as const;
  assert.deepEqual(planInstallation([dkim, postfix, again], { isRoot: true, hasApt: true }), {
    kind: 'install',
    packages: ['postfix', 'python3-dkim'],
    command,
  });
});

test('anyone else is told what is missing, why it was not installed and what to run', () => {
  const missing = [postfix, dkim];
  assert.deepEqual(planInstallation(missing, { isRoot: false, hasApt: true }), {
    kind: 'missing',
    missing,
    command,
    reason: 'not running as root',
  });
  const elsewhere = planInstallation(missing, { isRoot: true, hasApt: false });
  assert.equal(elsewhere.kind === 'missing' && elsewhere.reason, 'this machine has no apt-get');
});

test('postfix does not ask, and does not configure this host', () => {
  assert.match(preseedFor(['opendkim', 'postfix']), /^postfix postfix\/main_mailer_type select No configuration\n$/);
  assert.equal(preseedFor(['opendkim']), '');
});
