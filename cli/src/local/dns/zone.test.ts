import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFrom, type Zone } from './zone.ts';

const key = `v=DKIM1; k=rsa; p=${'A'.repeat(392)}`;
const zone: Zone = {
  published: [
    { name: 'rf1._domainkey.shop.test', type: 'TXT', value: key },
    { name: 'shop.test', type: 'TXT', value: 'v=spf1 ip4:127.0.0.1 ~all' },
    { name: '_dmarc.shop.test', type: 'TXT', value: 'v=DMARC1; p=none' },
  ],
  receiver: { host: 'mx.receiver.test', address: '127.0.0.1' },
};

function ask(name: string, type: string, about = zone): unknown[] | 'NXDOMAIN' {
  const { rcode, answers } = answerFrom(about, { name, type });
  return rcode === 'NXDOMAIN' ? rcode : answers.map(({ data }) => data);
}

test('published records are served as the status has them, long ones in strings of 255 octets', () => {
  assert.deepEqual(ask('RF1._DomainKey.shop.test.', 'TXT'), [[key.slice(0, 255), key.slice(255)]]);
  assert.deepEqual(ask('shop.test', 'TXT'), [['v=spf1 ip4:127.0.0.1 ~all']]);
});

test('the receiving server is the mail exchanger of every domain, a sender domain too', () => {
  const exchanger = [{ preference: 10, exchange: 'mx.receiver.test' }];
  for (const name of ['receiver.test', 'anything.example', 'shop.test']) assert.deepEqual(ask(name, 'MX'), exchanger);
  assert.deepEqual(ask('mx.receiver.test', 'A'), ['127.0.0.1']);
  assert.deepEqual(ask('mx.receiver.test', 'AAAA'), []);
  assert.deepEqual(ask('receiver.test', 'MX', { published: [] }), []);
});

test('a key or policy that is not published does not exist', () => {
  assert.equal(ask('rf2._domainkey.shop.test', 'TXT'), 'NXDOMAIN');
  assert.equal(ask('_dmarc.other.test', 'TXT'), 'NXDOMAIN');
  assert.equal(ask('nobody.invalid', 'MX'), 'NXDOMAIN');
});
