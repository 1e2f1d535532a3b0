import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import { decode, encode } from 'dns-packet';
import { startDnsServer } from './server.ts';
import type { Zone } from './zone.ts';

const long = 'x'.repeat(2_000);

test('a resolver gets its answers, long ones over TCP, and changes at once', async (t) => {
  let zone: Zone = {
    published: [{ name: 'long.test', type: 'TXT', value: long }],
    receiver: { host: 'mx.test', address: '127.0.0.1' },
  };
  const server = await startDnsServer({ host: '127.0.0.1', port: 0, zone: () => zone });
  t.after(() => server.close());
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);

  assert.equal((await resolver.resolveTxt('long.test'))[0]?.join(''), long);
  assert.deepEqual(
    (await resolver.resolveMx('a.test')).map(({ priority, exchange }) => [priority, exchange]),
    [[10, 'mx.test']],
  );
  assert.deepEqual(await resolver.resolve4('mx.test'), ['127.0.0.1']);
  await assert.rejects(resolver.resolve6('mx.test'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolveTxt('_dmarc.new.test'), { code: 'ENOTFOUND' });
  zone = { published: [{ name: '_dmarc.new.test', type: 'TXT', value: 'v=DMARC1; p=reject' }] };
  assert.deepEqual(await resolver.resolveTxt('_dmarc.new.test'), [['v=DMARC1; p=reject']]);
});

test('an answer too long for UDP says so and carries nothing', async (t) => {
  const server = await startDnsServer({
    host: '127.0.0.1',
    port: 0,
    zone: () => ({ published: [{ name: 'long.test', type: 'TXT', value: long }] }),
  });
  t.after(() => server.close());
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.send(
    encode({ type: 'query', id: 7, questions: [{ name: 'long.test', type: 'TXT' }] }),
    server.port,
    server.host,
  );
  const [reply] = (await once(socket, 'message')) as [Buffer];
  const answer = decode(reply) as ReturnType<typeof decode> & { readonly flag_tc: boolean };
  assert.deepEqual([answer.id, answer.flag_tc, answer.answers], [7, true, []]);
});

test('garbage is dropped and does no harm', async (t) => {
  const server = await startDnsServer({
    host: '127.0.0.1',
    port: 0,
    zone: () => ({ published: [], receiver: { host: 'mx.test', address: '127.0.0.1' } }),
  });
  t.after(() => server.close());
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(700, 0xff)])
    socket.send(bytes, server.port, server.host);
  const tcp = createConnection({ host: server.host, port: server.port });
  tcp.end(Buffer.from([0, 4, 1, 2, 3, 4]));
  tcp.resume();
  await once(tcp, 'close');
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  assert.deepEqual(await resolver.resolve4('mx.test'), ['127.0.0.1']);
});
