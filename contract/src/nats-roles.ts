// What each NATS user may do, subject by subject: allow-lists only, since deny-lists were bypassed in published advisories.
// A node can neither manage nor purge a stream. The operator manages them, removes the bodies of finished mail and reads none; of
// deferred mail, which carries no body (but where an older node could not tell), it reads the envelopes and moves the schedules. The
// reader changes nothing; the keeper is a reader who may give orders about what waits, and has others carry them out.
import { bucketStream, bucketSubject, buckets, consumers, notices, streams } from './subjects.ts';

export const natsRoles = ['operator', 'node', 'reader', 'keeper'] as const;
export type NatsRole = (typeof natsRoles)[number];

export type NatsPermissions = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

const configStream = bucketStream(buckets.config);
const ackStream = bucketStream(buckets.acknowledgements);
const ordersStream = bucketStream(buckets.orders);
const queueStreams = Object.values(streams);

/** Reply subjects are private to a role: one role cannot read another's answers. */
export function inboxPrefix(role: NatsRole): string {
  return `_INBOX_${role}`;
}

export function natsPermissions(role: NatsRole): NatsPermissions {
  const { publish, subscribe } = allowed[role];
  return { publish: ['$JS.API.INFO', ...publish], subscribe: [`${inboxPrefix(role)}.>`, ...subscribe] };
}

/** Everything a person may see of a queue. */
const looking = [
  ...[...queueStreams, ackStream, ordersStream].flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    ...reading(stream),
  ]),
  ...eachConsumer(({ stream, name }) => [`$JS.API.CONSUMER.INFO.${stream}.${name}`]),
];

const allowed: Record<NatsRole, NatsPermissions> = {
  operator: {
    publish: [
      ...[...queueStreams, configStream, ackStream, ordersStream].flatMap((stream) => [
        `$JS.API.STREAM.INFO.${stream}`,
        `$JS.API.STREAM.CREATE.${stream}`,
        `$JS.API.STREAM.UPDATE.${stream}`,
      ]),
      ...eachConsumer(({ stream, name }) => [
        `$JS.API.CONSUMER.CREATE.${stream}.${name}.>`,
        `$JS.API.CONSUMER.INFO.${stream}.${name}`,
      ]),
      ...reading(configStream),
      ...reading(ackStream),
      ...reading(ordersStream),
      bucketSubject(buckets.orders, '>'),
      ...reading(streams.deferred), // what waits, to bring it forward
      'df.>',
      `$JS.API.STREAM.PURGE.${configStream}`, // shards that no manifest names any more
      bucketSubject(buckets.config, '>'),
      `$JS.API.STREAM.PURGE.${streams.bodies}`, // bodies of finished mail, and those without one
      `$JS.API.STREAM.MSG.DELETE.${streams.bodies}`, // overwrites the bytes, which a purge leaves to chance
    ],
    subscribe: [notices.acknowledgements, notices.orders, notices.answering],
  },
  node: {
    publish: [
      'mq.>',
      'df.>',
      'b.>',
      'dead.>',
      'evt.>',
      bucketSubject(buckets.acknowledgements, '>'),
      ...queueStreams.map((stream) => `$JS.API.STREAM.INFO.${stream}`),
      ...eachConsumer(({ stream, name }) => [
        `$JS.API.CONSUMER.INFO.${stream}.${name}`,
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
        `$JS.ACK.${stream}.${name}.>`,
        `$JS.ACK.*.*.${stream}.${name}.>`, // the form with domain and account that newer servers may hand out
      ]),
      ...reading(streams.bodies),
      ...reading(streams.events),
      ...reading(configStream),
      ...reading(ordersStream),
      notices.answering,
    ],
    subscribe: [notices.manifest, notices.orders],
  },
  reader: { publish: looking, subscribe: [notices.acknowledgements] },
  keeper: {
    publish: [
      ...looking,
      bucketSubject(buckets.orders, '>'),
      `$JS.API.STREAM.MSG.DELETE.${streams.dead}`, // dead letters have had their final state; what is left is evidence
    ],
    subscribe: [notices.acknowledgements],
  },
};

/** Reading single messages of one stream, from its leader or from a replica. */
function reading(stream: string): string[] {
  return [`$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}.>`];
}

function eachConsumer(subjects: (consumer: { readonly stream: string; readonly name: string }) => string[]): string[] {
  return Object.values(consumers).flatMap(subjects);
}
