// Every metric of a relay node: name, meaning and all values its labels can take. docs/reference/metrics.md is made from it.
// Few series on purpose (a test counts them): no label holds an address, a recipient's domain, a client or a peer's words.
import { attemptOutcomes, outcomeCategories } from '@relayfleet/contract/outcome.ts';
import { lanes } from '@relayfleet/contract/envelope.ts';
import { setbackCauses } from '@relayfleet/contract/setback.ts';
import { consumers, streams, type ConsumerKey, type StreamName } from '@relayfleet/contract/subjects.ts';
import type { QueueStates } from '@relayfleet/jetstream/stream-states.ts';
import type { MetricDefinitions, Metrics } from '@relayfleet/telemetry/metrics.ts';
import { markNames } from './policy/admission.ts';
import { holdReasons } from './policy/instruction.ts';
import { receiverGroups } from './receiver-groups.ts';
import { replies, type ReplyKey } from './replies.ts';

export const tlsVersions = ['none', 'TLSv1.2', 'TLSv1.3', 'other'] as const;
export const loginResults = ['correct', 'wrong', 'busy', 'suspended'] as const;
export const deliveryStages = ['wait', 'connect', 'transfer'] as const;
export const configRefusals = [
  'BadSignature',
  'WrongFleet',
  'OlderGeneration',
  'GenerationReused',
  'TooOld',
  'UnknownKey',
  'ShardMissing',
  'ShardUnreadable',
  'NotUnderstood',
] as const;
export type ConfigRefusal = (typeof configRefusals)[number];

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const longSeconds = [0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200, 21_600, 86_400, 432_000];

export const nodeMetrics = {
  sessions: {
    name: 'relayfleet_smtp_sessions',
    type: 'gauge',
    help: 'SMTP sessions open now.',
    labels: {},
  },
  tlsSessions: {
    name: 'relayfleet_smtp_tls_sessions_total',
    type: 'counter',
    help: 'TLS sessions with clients, by the version agreed on.',
    labels: { version: tlsVersions },
  },
  connectionFaults: {
    name: 'relayfleet_smtp_connection_faults_total',
    type: 'counter',
    help: 'Client connections that broke: failed handshakes, resets in a transaction.',
    labels: {},
  },
  logins: {
    name: 'relayfleet_smtp_logins_total',
    type: 'counter',
    help: 'Attempts to log in.',
    labels: { result: loginResults },
  },
  refused: {
    name: 'relayfleet_smtp_refused_total',
    type: 'counter',
    help: 'Refusals given to clients, by reply; docs/reference/replies.md says what each means.',
    labels: { reason: Object.keys(replies) as ReplyKey[] },
  },
  accepted: {
    name: 'relayfleet_messages_accepted_total',
    type: 'counter',
    help: 'Mails stored durably and answered with 250, and bounces made here.',
    labels: { kind: ['mail', 'dsn'], lane: lanes },
  },
  acceptedBytes: {
    name: 'relayfleet_messages_accepted_bytes_total',
    type: 'counter',
    help: 'Bytes of accepted mails.',
    labels: {},
  },
  commitSeconds: {
    name: 'relayfleet_messages_commit_duration_seconds',
    type: 'histogram',
    help: 'From the end of DATA to the durable commit.',
    labels: {},
    buckets: seconds,
  },
  attempts: {
    name: 'relayfleet_delivery_attempts_total',
    type: 'counter',
    help: 'Recipients by outcome of one attempt and group of the receiver.',
    labels: { outcome: attemptOutcomes, provider: receiverGroups },
  },
  failures: {
    name: 'relayfleet_delivery_failures_total',
    type: 'counter',
    help: 'Recipients an attempt did not deliver to, by why.',
    labels: { category: outcomeCategories, outcome: ['deferred', 'bounced', 'expired', 'dropped'] },
  },
  stageSeconds: {
    name: 'relayfleet_delivery_stage_duration_seconds',
    type: 'histogram',
    help: 'Time of an attempt by stage: in the queue before it, connecting, transferring.',
    labels: { stage: deliveryStages },
    buckets: longSeconds,
  },
  settledSeconds: {
    name: 'relayfleet_delivery_settled_duration_seconds',
    type: 'histogram',
    help: 'From acceptance to the last final outcome of an entry.',
    labels: {},
    buckets: longSeconds,
  },
  settled: {
    name: 'relayfleet_delivery_settled_total',
    type: 'counter',
    help: 'Recipients by their final outcome.',
    labels: { outcome: ['delivered', 'bounced', 'expired', 'dropped'] },
  },
  deliveryTls: {
    name: 'relayfleet_delivery_tls_attempts_total',
    type: 'counter',
    help: 'Attempts that reached a next hop, by TLS version.',
    labels: { version: tlsVersions },
  },
  held: {
    name: 'relayfleet_delivery_held_total',
    type: 'counter',
    help: 'Entries put back unsent: their fleet, domain or platform is suspended, or an order holds them.',
    labels: { reason: holdReasons },
  },
  pushedBack: {
    name: 'relayfleet_delivery_pushed_back_total',
    type: 'counter',
    help: 'Entries put back unsent because their destination was slow and had its share of the node.',
    labels: {},
  },
  setBack: {
    name: 'relayfleet_delivery_set_back_total',
    type: 'counter',
    help: 'Entries put back because they could not be worked on: for a defect of ours, or because their workers ended in the middle.',
    labels: { reason: setbackCauses },
  },
  buried: {
    name: 'relayfleet_delivery_buried_total',
    type: 'counter',
    help: 'Entries moved to the dead letters; each one needs a look.',
    labels: {},
  },
  ordersUnread: {
    name: 'relayfleet_orders_unread',
    type: 'gauge',
    help: 'Orders about the queue that this node cannot read. Mail that one of them may hold or drop is held.',
    labels: {},
  },
  queueProblems: {
    name: 'relayfleet_queue_problems_total',
    type: 'counter',
    help: 'Writes the queue or the event log did not take.',
    labels: { reason: { boundedBy: 'the words the code uses, fewer than twenty' } },
    maxSeries: 20,
  },
  queueFill: {
    name: 'relayfleet_queue_fill_ratio',
    type: 'gauge',
    help: 'The fullest of the queue’s whole storage, MQ and BODY; from 0.7 on bulk mail is refused, from 0.8 on all mail.',
    labels: {},
  },
  refusing: {
    name: 'relayfleet_queue_refusing',
    type: 'gauge',
    help: '1 while mail is refused at this mark of the queue’s storage or depth; docs/reference/replies.md says what each means.',
    labels: { reason: markNames },
  },
  queueMessages: {
    name: 'relayfleet_queue_messages',
    type: 'gauge',
    help: 'Messages in a stream: MQ ready, DEFER waiting, BODY chunks, DEAD letters, EVT events. The same on every node.',
    labels: { stream: Object.values(streams) as StreamName[] },
  },
  queueBytes: {
    name: 'relayfleet_queue_bytes',
    type: 'gauge',
    help: 'Bytes a stream holds. The same on every node.',
    labels: { stream: Object.values(streams) as StreamName[] },
  },
  queueOldest: {
    name: 'relayfleet_queue_oldest_message_timestamp_seconds',
    type: 'gauge',
    help: 'When the oldest message of a stream was stored; absent while it is empty.',
    labels: { stream: Object.values(streams) as StreamName[] },
  },
  queuePending: {
    name: 'relayfleet_queue_pending_messages',
    type: 'gauge',
    help: 'Entries no node has taken yet, by lane.',
    labels: { lane: Object.keys(consumers) as ConsumerKey[] },
  },
  queueTaken: {
    name: 'relayfleet_queue_taken_messages',
    type: 'gauge',
    help: 'Entries that nodes are working on, by lane.',
    labels: { lane: Object.keys(consumers) as ConsumerKey[] },
  },
  configGeneration: {
    name: 'relayfleet_configuration_generation',
    type: 'gauge',
    help: 'Generation of the configuration in use; 0 before the first.',
    labels: {},
  },
  configIssued: {
    name: 'relayfleet_configuration_issued_timestamp_seconds',
    type: 'gauge',
    help: 'When the operator last renewed it; growing old means the operator is silent.',
    labels: {},
  },
  configRefused: {
    name: 'relayfleet_configuration_refused_total',
    type: 'counter',
    help: 'Configurations refused; the last good one stays in force.',
    labels: { reason: configRefusals },
  },
  acknowledgements: {
    name: 'relayfleet_configuration_acknowledgements_total',
    type: 'counter',
    help: 'Acknowledgements written for the operator.',
    labels: { result: ['written', 'failed'] },
  },
  natsConnected: {
    name: 'relayfleet_nats_connected',
    type: 'gauge',
    help: '1 while the connection to NATS stands.',
    labels: {},
  },
  clockJumps: {
    name: 'relayfleet_clock_jumps_total',
    type: 'counter',
    help: 'Times the wall clock moved by minutes against the monotonic one; the node kept the old time for a while.',
    labels: {},
  },
  certificateExpiry: {
    name: 'relayfleet_smtp_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the listeners’ certificate expires.',
    labels: {},
  },
} as const satisfies MetricDefinitions;

export type NodeMetrics = typeof nodeMetrics;

/** Writes the queue's gauges; undefined when NATS is away: stale depths would look like a queue at rest. */
export function showQueue(of: Metrics<NodeMetrics>['of'], states: QueueStates | undefined): void {
  for (const gauge of [of.queueMessages, of.queueBytes, of.queueOldest, of.queuePending, of.queueTaken]) gauge.reset();
  for (const { stream, messages, bytes, oldestAt } of states?.streams ?? []) {
    of.queueMessages.set({ stream }, messages);
    of.queueBytes.set({ stream }, bytes);
    if (oldestAt !== undefined) of.queueOldest.set({ stream }, oldestAt / 1000);
  }
  for (const { consumer, pending, unfinished } of states?.consumers ?? []) {
    of.queuePending.set({ lane: consumer }, pending);
    of.queueTaken.set({ lane: consumer }, unfinished);
  }
}
