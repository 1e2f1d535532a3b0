// Every metric of the operator. Reconcile, work queue and API client figures carry controller-runtime's and client-go's names and
// labels, so that dashboards made for those work; what is ours begins with relayfleet_. docs/reference/metrics.md is made from it.
import type { MetricDefinitions } from '@relayfleet/telemetry/metrics.ts';

/** What takes part in a reconcile: the plan itself, and the kinds of work it hands out. */
export const controllers = ['plan', 'mint', 'hash', 'secret', 'finalizer', 'status'] as const;
export type Controller = (typeof controllers)[number];

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];
const fleet = { boundedBy: 'the RelayFleets this operator serves' } as const;
const sweep = ['bodies', 'overdue'] as const;
const orderKind = ['hold', 'drop', 'retry'] as const;

export const operatorMetrics = {
  reconciles: {
    name: 'controller_runtime_reconcile_total',
    type: 'counter',
    help: 'Plans made and pieces of work done, by result.',
    labels: { controller: controllers, result: ['success', 'error'] },
  },
  reconcileErrors: {
    name: 'controller_runtime_reconcile_errors_total',
    type: 'counter',
    help: 'Plans and pieces of work that failed.',
    labels: { controller: controllers },
  },
  reconcileSeconds: {
    name: 'controller_runtime_reconcile_time_seconds',
    type: 'histogram',
    help: 'Duration of a plan or piece of work.',
    labels: { controller: controllers },
    buckets: seconds,
  },
  queueDepth: {
    name: 'workqueue_depth',
    type: 'gauge',
    help: 'Pieces of work waiting or under way.',
    labels: { name: controllers },
  },
  queueRetries: {
    name: 'workqueue_retries_total',
    type: 'counter',
    help: 'Pieces of work put back after a failure.',
    labels: { name: controllers },
  },
  apiRequests: {
    name: 'rest_client_requests_total',
    type: 'counter',
    help: 'Requests to the API server by HTTP status; <error> is no answer.',
    labels: {
      code: { boundedBy: 'HTTP status codes' },
      method: ['GET', 'PATCH', 'DELETE'],
      host: { boundedBy: 'the one API server' },
    },
  },
  objects: {
    name: 'relayfleet_objects',
    type: 'gauge',
    help: 'Objects by kind and their condition Ready.',
    labels: { kind: ['RelayFleet', 'RelayDomain', 'SenderPlatform'], ready: ['True', 'False', 'Unknown'] },
  },
  abandoned: {
    name: 'relayfleet_abandoned_entries_total',
    type: 'counter',
    help: 'Queue entries known to be left of objects that were deleted on the word abandon, as their fleets last counted them.',
    labels: { kind: ['RelayDomain', 'SenderPlatform'] },
  },
  manifestsRefused: {
    name: 'relayfleet_manifests_refused',
    type: 'gauge',
    help: 'Manifests that are refused now; what they last said well stays in force. File provider only.',
    labels: {},
  },
  natsConnected: {
    name: 'relayfleet_fleet_nats_up',
    type: 'gauge',
    help: '1 while the fleet’s NATS is reachable and fit.',
    labels: { fleet },
  },
  nodes: {
    name: 'relayfleet_fleet_nodes',
    type: 'gauge',
    help: 'Relay nodes that acknowledged lately: current, behind the published generation, or not ready.',
    labels: { fleet, state: ['current', 'behind', 'unready'] },
  },
  generation: {
    name: 'relayfleet_configuration_published_generation',
    type: 'gauge',
    help: 'Generation of the configuration in the fleet’s bucket.',
    labels: { fleet },
  },
  publications: {
    name: 'relayfleet_configuration_publications_total',
    type: 'counter',
    help: 'Writes to the bucket: a new generation, a renewed signature, or shards that were missing.',
    labels: { fleet, kind: ['advanced', 'renewed', 'repaired'] },
  },
  publishSeconds: {
    name: 'relayfleet_configuration_publish_duration_seconds',
    type: 'histogram',
    help: 'Duration of a write to the bucket.',
    labels: {},
    buckets: seconds,
  },
  bodiesSwept: {
    name: 'relayfleet_sweep_bodies_total',
    type: 'counter',
    help: 'Stored bodies removed: of finished mail, or of mail that was never committed (orphan).',
    labels: { fleet, kind: ['finished', 'orphan'] },
  },
  sweepFailures: {
    name: 'relayfleet_sweep_failures_total',
    type: 'counter',
    help: 'Sweeps that ended early because NATS did not answer or refused; they are repeated every minute.',
    labels: { fleet, sweep },
  },
  sweptAt: {
    name: 'relayfleet_sweep_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the last sweep succeeded; growing old means that bodies of finished mail stay, or overdue mail waits on.',
    labels: { fleet, sweep },
  },
  movedForward: {
    name: 'relayfleet_entries_brought_forward_total',
    type: 'counter',
    help: 'Waiting entries brought forward: nats-server had forgotten them (overdue), or an order asked for it.',
    labels: { fleet, reason: ['overdue', 'retry', 'drop'] },
  },
  orders: {
    name: 'relayfleet_orders',
    type: 'gauge',
    help: 'Orders about waiting mail that are in force: holds until they are withdrawn, others until they are carried out.',
    labels: { fleet, kind: orderKind },
  },
  ordersDone: {
    name: 'relayfleet_orders_done_total',
    type: 'counter',
    help: 'Orders that were carried out and withdrawn.',
    labels: { fleet, kind: orderKind },
  },
} as const satisfies MetricDefinitions;

export type OperatorMetrics = typeof operatorMetrics;
