import assert from 'node:assert/strict';
import test from 'node:test';
import { receivedLine } from './received-line.ts';

const trace = {
  helo: 'client.test',
  remoteAddress: '192.0.2.1',
  by: 'relay.fleet.test',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  smtputf8: false,
  id: '01JDCEXAMPLE0000000000000A',
  at: Date.UTC(2026, 10, 3, 4, 5, 6),
};

test('RFC 5321 §4.4: from, by, with, id, date', () => {
  const expected =
    'Received: from client.test ([192.0.2.1])\r\n' +
    '\tby relay.fleet.test with ESMTPSA id 01JDCEXAMPLE0000000000000A\r\n' +
    '\t(TLSv1.3 TLS_AES_256_GCM_SHA384);\r\n' +
    '\tTue, 03 Nov 2026 04:05:06 +0000\r\n';
  assert.equal(receivedLine(trace), expected);
});

test('IPv6 literals and SMTPUTF8 have their own spelling', () => {
  const line = receivedLine({ ...trace, remoteAddress: '2001:db8::1', smtputf8: true });
  assert.match(line, /\(\[IPv6:2001:db8::1\]\)/);
  assert.match(line, /with UTF8SMTPSA/);
});

test('what a client calls itself is repeated only when it is a name or an address literal', () => {
  const named = (helo: string) => /from (\S+) /.exec(receivedLine({ ...trace, helo }))?.[1];
  for (const helo of ['client.test', 'LAPTOP_7', '[127.0.0.1]', '[ipv6:::1]', 'localhost'])
    assert.equal(named(helo), helo);
  for (const helo of ['', 'x (evil)', 'a;b', 'ü.test', 'x'.repeat(300), '-a', 'a..', '[x', 'a\r\nX: y'])
    assert.match(receivedLine({ ...trace, helo }), /^Received: from unknown \(/, helo);
});
