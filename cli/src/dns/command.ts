// `relayfleet dns DOMAIN`: finds the RelayDomain that claims a domain and prints what its owner should publish.
import { done, failed, misused, type Command } from '../command.ts';
import type { Resource } from '../resource.ts';
import { namespaceFlag, openSource, sourceFlags } from '../source.ts';
import { outputs, recordsText, type Output } from './records.ts';

export const dnsCommand: Command = {
  name: 'dns',
  args: 'DOMAIN',
  summary: 'Print the exact DNS records to publish for a domain: DKIM, SPF and DMARC.',
  flags: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: outputs,
      description: 'How to print them; wide is the table, which has everything.',
      otherwise: 'table',
    },
    namespaceFlag,
    ...sourceFlags,
  ],
  examples: [
    { does: 'What to publish for shop.test', line: 'relayfleet dns shop.test' },
    { does: 'Lines for a zone file', line: 'relayfleet dns shop.test -o zone >> shop.test.zone' },
    { does: 'For a program', line: 'relayfleet dns shop.test -o json' },
  ],
  run: async (call, terminal) => {
    const [wanted, ...rest] = call.args;
    if (wanted === undefined || rest.length > 0)
      return misused('dns takes one domain, such as: relayfleet dns example.com');
    const namespace = call.text('namespace');
    const domains = (
      await openSource(call, terminal).resources('RelayDomain', { namespace, all: namespace === undefined })
    ).filter(isDomain);
    const name = wanted.toLowerCase().replace(/\.$/, '');
    const claims = domains.filter(({ spec }) => spec.domain === name);
    const [claim] = claims.toSorted((a, b) => recordCount(b) - recordCount(a)); // of several claims, the accepted one has records
    if (claim === undefined)
      return failed(
        unknownDomain(
          name,
          domains.map(({ spec }) => spec.domain),
        ),
      );
    if (recordCount(claim) === 0)
      return failed(
        `RelayDomain ${claim.metadata.namespace}/${claim.metadata.name} has no records yet; see "relayfleet status rdom ${claim.metadata.name}"`,
      );
    terminal.out(recordsText(claim, (call.text('output') ?? 'table') as Output));
    return done;
  },
};

type Domain = Extract<Resource, { kind: 'RelayDomain' }>;

function isDomain(resource: Resource): resource is Domain {
  return resource.kind === 'RelayDomain';
}

function recordCount({ status }: Domain): number {
  return status?.dns?.records?.length ?? 0;
}

function unknownDomain(name: string, known: readonly string[]): string {
  return known.length === 0
    ? `no RelayDomain claims ${name}; there is none at all`
    : `no RelayDomain claims ${name}; there are ${known.join(', ')}`;
}
