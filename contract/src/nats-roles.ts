// What each NATS user may do, subject by subject: allow-lists only, since deny-lists were bypassed in published advisories.
// A node can neither manage nor purge a stream; the operator holds no mail; the reader changes nothing.
import { buckets, consumers, streams } from './subjects.ts';

export const natsRoles = ['operator', 'node', 'reader'] as const;
export type NatsRole = (typeof natsRoles)[number];

export type NatsPermissions = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

const configStream = `KV_${buckets.config}`;
const ackStream = `KV_${buckets.acknowledgements}`;
const readableStreams = [...Object.values(streams), configStream, ackStream];

/** Reply subjects are private to a role: one role cannot read another's answers. */
export function inboxPrefix(role: NatsRole): string {
  return `_INBOX_${role}`;
}

export function natsPermissions(role: NatsRole): NatsPermissions {
  return { publish: publishable[role](), subscribe: [`${inboxPrefix(role)}.>`] };
}

const publishable: Record<NatsRole, () => string[]> = {
  operator: () => [
    '$JS.API.>',
    '$JS.ACK.>',
    '$JS.FC.>',
    `$KV.${buckets.config}.>`,
    `$KV.${buckets.acknowledgements}.>`,
    'df.>',
    'rt.>',
    'evt.>',
  ],
  node: () => [
    'mq.>',
    'df.>',
    'b.>',
    'dead.>',
    'evt.>',
    `$KV.${buckets.acknowledgements}.>`,
    ...inspect(readableStreams),
    ...Object.values(consumers).flatMap(({ stream, name }) => [
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      `$JS.API.CONSUMER.INFO.${stream}.${name}`,
      `$JS.ACK.${stream}.${name}.>`,
    ]),
    ...watch(configStream),
  ],
  reader: () => [...inspect(readableStreams.filter((stream) => stream !== configStream)), ...watch(ackStream)],
};

/** Reading a stream's state and single messages by the direct API. */
function inspect(names: readonly string[]): string[] {
  return [
    '$JS.API.INFO',
    ...names.flatMap((name) => [
      `$JS.API.STREAM.INFO.${name}`,
      `$JS.API.DIRECT.GET.${name}`,
      `$JS.API.DIRECT.GET.${name}.>`,
    ]),
  ];
}

/** Watching a bucket: the client makes an ephemeral ordered consumer on that one stream. */
function watch(name: string): string[] {
  return [
    `$JS.API.CONSUMER.CREATE.${name}.>`,
    `$JS.API.CONSUMER.CREATE.${name}`,
    `$JS.API.CONSUMER.DELETE.${name}.>`,
    `$JS.API.CONSUMER.INFO.${name}.>`,
    `$JS.API.CONSUMER.MSG.NEXT.${name}.>`,
    `$JS.ACK.${name}.>`,
    `$JS.FC.${name}.>`,
  ];
}
