// The local DNS server as a process of its own. Configured by environment; answers follow the RelayDomains' status live.
import { createResourceReader } from '../../state-resources.ts';
import { startDnsServer } from './server.ts';
import type { PublishedRecord } from './zone.ts';

const {
  DNS_HOST = '127.0.0.1',
  DNS_PORT = '5354',
  DNS_OPERATOR_STATE = '.relayfleet/operator',
  DNS_RECEIVER = '',
} = process.env;
const rereadMs = 200;

const reader = createResourceReader(DNS_OPERATOR_STATE);
let read: { at: number; records: readonly PublishedRecord[] } = { at: 0, records: [] };

const server = await startDnsServer({
  host: DNS_HOST,
  port: Number(DNS_PORT),
  zone: () => {
    if (Date.now() - read.at > rereadMs) read = { at: Date.now(), records: publishedRecords() };
    return {
      published: read.records,
      ...(DNS_RECEIVER === '' ? {} : { receiver: { host: DNS_RECEIVER, address: DNS_HOST } }),
    };
  },
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}

function publishedRecords(): readonly PublishedRecord[] {
  return reader
    .resources()
    .flatMap((resource) => (resource.kind === 'RelayDomain' ? (resource.status?.dns?.records ?? []) : []));
}
