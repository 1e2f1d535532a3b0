// The settings of every stream, bucket and consumer a fleet has, in JetStream's own field names; measured reasons stand beside them.
// What they are called is in subjects.ts; nothing here talks to a server.
import {
  ackWaitMs,
  bucketStream,
  bucketSubject,
  buckets,
  configKeys,
  consumers,
  duplicateWindowMs,
  notices,
  streams,
  type BucketName,
  type ConsumerKey,
} from './subjects.ts';

export type StreamSizing = {
  readonly replicas: number;
  /** Bytes of the whole store; mail and bodies get 25 % and 55 % of it, the rest is headroom for deferrals. */
  readonly storageBytes: number;
  readonly eventRetentionMs: number;
};

/** Stream settings in JetStream's own field names; durations in nanoseconds. */
export type StreamSettings = Readonly<Record<string, unknown>> & { readonly name: string };

/** All streams of a fleet. No max_age on mail, no discard-old on anything that holds accepted mail. */
export function streamSettings(sizing: StreamSizing): readonly StreamSettings[] {
  const base = {
    storage: 'file',
    num_replicas: sizing.replicas,
    max_consumers: -1,
    allow_direct: true,
    duplicate_window: nanoseconds(duplicateWindowMs),
  };
  return [
    {
      ...base,
      name: streams.mail,
      subjects: ['mq.>'],
      retention: 'workqueue',
      discard: 'new',
      max_bytes: Math.floor(sizing.storageBytes * 0.25),
      allow_atomic: true, // all entries of one mail are one commit
    },
    {
      ...base,
      name: streams.deferred,
      subjects: ['df.>', 'rt.>'],
      retention: 'workqueue',
      discard: 'old', // schedules refuse discard-new (error 10052); with no limits set nothing is ever discarded
      allow_msg_schedules: true,
      allow_msg_ttl: true,
      allow_atomic: true,
    },
    {
      ...base,
      name: streams.bodies,
      subjects: ['b.>'],
      retention: 'limits',
      discard: 'new',
      max_msgs_per_subject: 1,
      max_bytes: Math.floor(sizing.storageBytes * 0.55),
    },
    {
      ...base,
      name: streams.dead,
      subjects: ['dead.>'],
      retention: 'limits',
      discard: 'new',
      max_msgs_per_subject: 1, // buried again after a crash, an entry replaces itself
    },
    {
      ...base,
      name: streams.events,
      subjects: ['evt.>'],
      retention: 'limits',
      discard: 'old',
      max_age: nanoseconds(sizing.eventRetentionMs),
      duplicate_window: nanoseconds(Math.min(duplicateWindowMs, sizing.eventRetentionMs)), // more is refused (10052)
      max_bytes: Math.floor(sizing.storageBytes * 0.05),
      allow_atomic: true, // events are written in small groups, one commit each
    },
  ];
}

/** The buckets, as streams. No history: a password or key that was withdrawn must be gone. */
export function bucketSettings(replicas: number): readonly StreamSettings[] {
  const base = (bucket: BucketName) => ({
    name: bucketStream(bucket),
    subjects: [bucketSubject(bucket, '>')],
    retention: 'limits',
    discard: 'new',
    storage: 'file',
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    allow_direct: true,
    allow_rollup_hdrs: true,
    deny_delete: true,
  });
  return [
    {
      ...base(buckets.config),
      republish: { src: bucketSubject(buckets.config, configKeys.manifest), dest: notices.manifest },
    },
    {
      ...base(buckets.acknowledgements),
      max_age: nanoseconds(60 * 60_000), // what pods left behind that could not say goodbye
      republish: { src: bucketSubject(buckets.acknowledgements, '>'), dest: notices.acknowledgements },
    },
    {
      ...base(buckets.orders),
      republish: { src: bucketSubject(buckets.orders, '>'), dest: notices.orders },
    },
  ];
}

/** Consumer settings in JetStream's own field names. Unlimited deliveries: a mail is given up by us, with a bounce. */
export function consumerSettings(key: ConsumerKey, replicas: number): Readonly<Record<string, unknown>> {
  return {
    durable_name: consumers[key].name,
    filter_subject: consumers[key].filter,
    ack_policy: 'explicit',
    ack_wait: nanoseconds(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: 20_000,
    num_replicas: replicas,
  };
}

function nanoseconds(milliseconds: number): number {
  return milliseconds * 1_000_000;
}
