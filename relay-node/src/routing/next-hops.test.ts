import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainPolicy, Route } from '@relayfleet/contract/snapshot.ts';
import { createAddressGuard } from './address-guard.ts';
import type { Answer, MxRecord, Resolver } from './dns.ts';
import { addressesOf, nextHops, type RoutingDeps } from './next-hops.ts';

const found = <T>(...records: T[]): Answer<T> => ({ kind: 'found', records });
const nxdomain = { kind: 'no-such-name' } as const;
const nodata = { kind: 'none' } as const;
const servfail = { kind: 'unavailable', detail: 'ESERVFAIL' } as const;

function deps(
  zone: { mx?: Record<string, Answer<MxRecord>>; a?: Record<string, Answer<string>> },
  random = () => 0,
): RoutingDeps {
  const dns: Resolver = {
    mx: async (domain) => zone.mx?.[domain] ?? nxdomain,
    addresses: async (host) => zone.a?.[host] ?? nxdomain,
  };
  return { dns, random, smtpPort: 25 };
}

function policy(route: Route['via'] = { kind: 'mx' }): DomainPolicy {
  return {
    ref: { namespace: 'team', name: 'example-com' },
    domain: 'example.com',
    suspended: null,
    signers: [],
    tls: { mode: 'Verify', floor: '1.3' },
    routes: [{ name: 'only', recipientDomains: [], via: route }],
  };
}

const to = (from: DomainPolicy) => ({ policy: from, recipientDomain: 'to.example', helloName: 'Relay.us.example' });

async function hosts(dependencies: RoutingDeps): Promise<readonly string[] | string> {
  const hops = await nextHops(to(policy()), dependencies);
  return hops.ok ? hops.hops.map(({ host }) => host) : hops.failure.kind;
}
const mx = (answer: Answer<MxRecord>, a: Record<string, Answer<string>> = {}) =>
  deps({ mx: { 'to.example': answer }, a });

test('MX hosts come by preference, with the domain’s TLS policy and port 25', async () => {
  const zone = mx(found({ preference: 20, host: 'b.example' }, { preference: 10, host: 'a.example' }));
  assert.deepEqual(await nextHops(to(policy()), zone), {
    ok: true,
    hops: ['a.example', 'b.example'].map((host) => ({
      host,
      port: 25,
      implicitTls: false,
      tls: 'Verify',
      floor: '1.3',
    })),
  });
});

test('within one preference the order is random, and every order occurs', async () => {
  const records = ['a.example', 'b.example', 'c.example'].map((host) => ({ preference: 10, host }));
  const seen = new Set<string>();
  for (const first of [0.1, 0.5, 0.9])
    for (const second of [0.1, 0.9]) {
      const rolls = [first, second];
      seen.add(String(await hosts({ ...mx(found(...records)), random: () => rolls.shift() ?? 0 })));
    }
  assert.equal(seen.size, 6);
});

test('a shuffled list keeps preference order, whatever the randomness', async () => {
  const preferences = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(
      preferences,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (list, rolls) => {
        const records = list.map((preference, i) => ({ preference, host: `p${preference}-${i}.example` }));
        const order = await hosts({ ...mx(found(...records)), random: () => rolls.next().value as number });
        assert.ok(Array.isArray(order) && order.length === list.length);
        assert.deepEqual(
          order.map((host) => host[1]),
          order.map((host) => host[1]).toSorted((a, b) => Number(a) - Number(b)),
        );
      },
    ),
  );
});

const verdicts: Readonly<Record<string, [RoutingDeps, readonly string[] | string]>> = {
  'NXDOMAIN for the domain': [deps({}), 'no-such-domain'],
  'a null MX': [mx(found({ preference: 0, host: '' })), 'null-mx'],
  'no MX but an address: the domain itself': [mx(nodata, { 'to.example': found('192.0.2.1') }), ['to.example']],
  'no MX and no address': [mx(nodata, { 'to.example': nodata }), 'no-mail-host'],
  'SERVFAIL for MX': [mx(servfail), 'dns-unavailable'],
  'no MX and SERVFAIL for addresses': [mx(nodata, { 'to.example': servfail }), 'dns-unavailable'],
  'MX names that are addresses or no names': [
    mx(found({ preference: 1, host: '127.0.0.1' }, { preference: 2, host: 'localhost' })),
    'no-address',
  ],
  'a null MX beside a real one is ignored': [
    mx(found({ preference: 0, host: '' }, { preference: 5, host: 'a.example' })),
    ['a.example'],
  ],
  'more than ten MX hosts': [
    mx(found(...Array.from({ length: 30 }, (_, i) => ({ preference: i, host: `h${i}.example` })))),
    Array.from({ length: 10 }, (_, i) => `h${i}.example`),
  ],
};
for (const [name, [dependencies, expected]] of Object.entries(verdicts))
  test(name, async () => assert.deepEqual(await hosts(dependencies), expected));

const best = { preference: 5, host: 'best.example' };
const us = { preference: 10, host: 'relay.us.example' };
const equal = { preference: 10, host: 'equal.example' };
const worse = { preference: 20, host: 'worse.example' };

test('where we are among the MX hosts ourselves, only better ones are asked', async () => {
  for (const random of [() => 0, () => 0.999]) {
    assert.deepEqual(await hosts({ ...mx(found(worse, us, equal, best)), random }), ['best.example']);
    assert.equal(await hosts({ ...mx(found(worse, us, equal)), random }), 'loop');
  }
  assert.deepEqual(await hosts(mx(found(worse, best))), ['best.example', 'worse.example']);
});

test('we are among them by address too, where we listen on that port', async () => {
  const zone = mx(found(best, worse, { preference: 7, host: 'alias.example' }), {
    'alias.example': found('192.0.2.8', '192.0.2.7'),
    'best.example': found('192.0.2.1'),
    'worse.example': servfail,
  });
  const isOwnAddress = (address: string) => address === '192.0.2.7';
  assert.deepEqual(await hosts({ ...zone, isOwnAddress }), ['best.example']);
  assert.equal((await hosts(zone)).length, 3);
});

test('a domain without MX whose address is ours is a loop', async () => {
  const zone = mx(nodata, { 'to.example': found('192.0.2.7') });
  assert.equal(await hosts({ ...zone, isOwnAddress: () => true }), 'loop');
  assert.deepEqual(await hosts({ ...zone, isOwnAddress: () => false }), ['to.example']);
});

test('an address is used only without any MX, not when the MX hosts have none', async () => {
  const zone = mx(found({ preference: 1, host: 'gone.example' }), { 'to.example': found('192.0.2.1') });
  assert.deepEqual(await hosts(zone), ['gone.example']);
  assert.deepEqual(await addressesOf('gone.example', createAddressGuard([]), zone), {
    ok: false,
    failure: { kind: 'no-address' },
  });
});

test('smarthosts keep their order and their own TLS mode; port 25 means the fleet’s SMTP port', async () => {
  const via: Route['via'] = {
    kind: 'smarthosts',
    hosts: [
      { host: 'one.example', port: 25, implicitTls: false, tls: 'Require' },
      {
        host: 'two.example',
        port: 465,
        implicitTls: true,
        tls: 'Opportunistic',
        ca: 'PEM',
        auth: { username: 'u', password: 'p' },
      },
    ],
  };
  assert.deepEqual(await nextHops(to(policy(via)), { ...deps({}), smtpPort: 2525 }), {
    ok: true,
    hops: [
      { host: 'one.example', port: 2525, implicitTls: false, tls: 'Require', floor: '1.3' },
      {
        host: 'two.example',
        port: 465,
        implicitTls: true,
        tls: 'Opportunistic',
        floor: '1.3',
        ca: 'PEM',
        auth: { username: 'u', password: 'p' },
      },
    ],
  });
});

test('without a matching route there is no hop', async () => {
  const none = { ...policy(), routes: [] };
  assert.deepEqual(await nextHops(to(none), deps({})), { ok: false, failure: { kind: 'no-route' } });
});

test('addresses pass the guard, IPv4 first, at most ten', async () => {
  const many = Array.from({ length: 20 }, (_, i) => `8.8.8.${i}`);
  const zone = deps({
    a: {
      'a.example': found('2606:4700::1', '10.0.0.1', '8.8.4.4'),
      'b.example': found(...many),
      'c.example': found('10.0.0.1'),
      'd.example': servfail,
    },
  });
  const guard = createAddressGuard([]);
  assert.deepEqual(await addressesOf('A.example', guard, zone), { ok: true, addresses: ['8.8.4.4', '2606:4700::1'] });
  const some = await addressesOf('b.example', guard, zone);
  assert.equal(some.ok && some.addresses.length, 10);
  assert.deepEqual(await addressesOf('c.example', guard, zone), { ok: false, failure: { kind: 'address-refused' } });
  assert.deepEqual(await addressesOf('d.example', guard, zone), {
    ok: false,
    failure: { kind: 'dns-unavailable', detail: 'ESERVFAIL' },
  });
});

test('a smarthost given by address is guarded too, and needs no DNS', async () => {
  assert.deepEqual(await addressesOf('127.0.0.1', createAddressGuard([]), deps({})), {
    ok: false,
    failure: { kind: 'address-refused' },
  });
  assert.deepEqual(await addressesOf('127.0.0.1', createAddressGuard(['127.0.0.0/8']), deps({})), {
    ok: true,
    addresses: ['127.0.0.1'],
  });
});
