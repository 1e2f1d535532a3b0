import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainPolicy, Route } from '@relayfleet/contract/snapshot.ts';
import { destinationOf, routeFor } from './route.ts';

const via = {
  kind: 'smarthosts' as const,
  hosts: [{ host: 'relay.example.net', port: 587, implicitTls: false, tls: 'Require' as const }],
};
const policy = (...routes: Route[]): DomainPolicy => ({
  ref: { namespace: 'team', name: 'example-com' },
  domain: 'example.com',
  suspended: null,
  signers: [],
  tls: { mode: 'Require', floor: '1.2' },
  routes,
});

test('the first matching route is taken', () => {
  const routes = policy(
    { name: 'one', recipientDomains: ['partner.example'], via },
    { name: 'two', recipientDomains: ['*.partner.example', 'partner.example'], via },
    { name: 'rest', recipientDomains: [], via: { kind: 'mx' } },
  );
  assert.equal(routeFor(routes, 'partner.example')?.name, 'one');
  assert.equal(routeFor(routes, 'eu.partner.example')?.name, 'two');
  assert.equal(routeFor(routes, 'a.b.partner.example')?.name, 'two');
  assert.equal(routeFor(routes, 'notpartner.example')?.name, 'rest');
});

test('a star matches names below, not the name itself', () => {
  const routes = policy({ name: 'below', recipientDomains: ['*.partner.example'], via });
  assert.equal(routeFor(routes, 'partner.example'), undefined);
  assert.equal(routeFor(routes, 'evilpartner.example'), undefined);
});

test('smarthosts share one destination; by MX each domain is its own', () => {
  const routes = policy(
    { name: 'partner', recipientDomains: ['partner.example'], via },
    { name: 'rest', recipientDomains: [], via: { kind: 'mx' } },
  );
  assert.equal(destinationOf(routes, 'partner.example'), 'partner.example.com');
  assert.equal(destinationOf(routes, 'other.example'), 'other.example');
  assert.equal(destinationOf(policy(), 'other.example'), 'other.example');
});
