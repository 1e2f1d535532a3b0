import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboxPrefix, natsPermissions, natsRoles } from './nats-roles.ts';
import { streams } from './subjects.ts';

test('no role may do a thing it has no name for: no bare wildcard, no account-wide API', () => {
  for (const role of natsRoles)
    for (const subject of [...natsPermissions(role).publish, ...natsPermissions(role).subscribe]) {
      assert.notEqual(subject, '>');
      assert.doesNotMatch(subject, /^(\*|\$JS\.API\.>|\$JS\.>|\$SYS|_INBOX\.)/, `${role}: ${subject}`);
    }
});

test('nobody may delete a stream, and only the operator may make, change or purge one', () => {
  for (const role of natsRoles)
    for (const subject of natsPermissions(role).publish) {
      assert.doesNotMatch(subject, /STREAM\.(DELETE|RESTORE|SNAPSHOT)/, `${role}: ${subject}`);
      if (role === 'operator') continue;
      if (role === 'keeper' && subject === `$JS.API.STREAM.MSG.DELETE.${streams.dead}`) continue; // evidence, no entry
      assert.doesNotMatch(subject, /STREAM\.(CREATE|UPDATE|PURGE|MSG\.DELETE)|CONSUMER\.CREATE/, `${role}: ${subject}`);
    }
});

test('what the operator may remove is bodies and configuration, never an entry of the queue', () => {
  const removing = natsPermissions('operator').publish.filter((subject) => /PURGE|MSG\.DELETE/.test(subject));
  assert.deepEqual(removing.sort(), [
    '$JS.API.STREAM.MSG.DELETE.BODY',
    '$JS.API.STREAM.PURGE.BODY',
    '$JS.API.STREAM.PURGE.KV_config',
  ]);
});

test('the operator reads of the queue what is deferred, and writes schedules alone', () => {
  const { publish } = natsPermissions('operator');
  const read = Object.values(streams).filter((stream) => publish.some((one) => one.includes(`.GET.${stream}`)));
  assert.deepEqual(read, [streams.deferred]);
  assert.deepEqual(
    publish.filter((subject) => !subject.startsWith('$')),
    ['df.>'],
  );
});

test('each role hears its own answers only', () => {
  for (const role of natsRoles)
    for (const other of natsRoles.filter((name) => name !== role))
      assert.ok(!natsPermissions(role).subscribe.some((subject) => subject.startsWith(inboxPrefix(other))));
});
