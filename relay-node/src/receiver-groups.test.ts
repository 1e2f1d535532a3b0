import assert from 'node:assert/strict';
import test from 'node:test';
import { receiverGroup, receiverGroups } from './receiver-groups.ts';

test('known mail exchangers have their group, everybody else shares one', () => {
  assert.equal(receiverGroup('aspmx.l.google.com'), 'google');
  assert.equal(receiverGroup('SHOP-TEST.mail.protection.OUTLOOK.com.'), 'microsoft');
  assert.equal(receiverGroup('mta5.am0.yahoodns.net'), 'yahoo');
  for (const host of ['mx.shop.test', 'notgoogle.com', 'google.com.evil.test', '', null])
    assert.equal(receiverGroup(host), 'other', String(host));
});

test('at most sixteen and the rest', () => assert.ok(receiverGroups.length <= 17));
