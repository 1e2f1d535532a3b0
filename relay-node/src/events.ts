// One call for each business event of a node: it writes the log line and counts. Nobody else logs mail or touches a meter.
// Lines hold ids, platforms and sender domains; never an address, a subject, a user name that was tried, or a peer's words.
import type { AcceptedEvent, AttemptedEvent, SettledEvent } from '@relayfleet/contract/event.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Orders } from '@relayfleet/contract/order.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import type { Log } from '@relayfleet/telemetry/log.ts';
import type { Metrics } from '@relayfleet/telemetry/metrics.ts';
import { holdMs, type ClockNews } from './clock.ts';
import { type ConfigRefusal, type loginResults, type NodeMetrics, tlsVersions } from './metrics.ts';
import { markNames, type Levels, type Marks } from './policy/admission.ts';
import type { HoldReason } from './policy/instruction.ts';
import { receiverGroup } from './receiver-groups.ts';
import { replies, type ReplyKey } from './replies.ts';

export type NodeEvents = ReturnType<typeof createNodeEvents>;

export function createNodeEvents(log: Log, { of: count }: Pick<Metrics<NodeMetrics>, 'of'>) {
  return { ...sessionEvents(log, count), ...mailEvents(log, count), ...platformEvents(log, count) };
}

type Meters = Metrics<NodeMetrics>['of'];

/** What clients do before a mail is accepted. */
function sessionEvents(log: Log, count: Meters) {
  return {
    sessionsOpen(now: number) {
      count.sessions.set(now);
    },
    secured(version: string) {
      count.tlsSessions.inc({ version: tlsLabel(version) });
    },
    connectionFault(error: Error) {
      count.connectionFaults.inc();
      log.debug('client connection broke', { code: (error as NodeJS.ErrnoException).code ?? error.name });
    },
    /** A defect of ours that a client met as 451. */
    defect(error: Error) {
      log.error('defect while serving a client', { error });
    },
    /** `platform` only once the password was right. */
    loggedIn(result: (typeof loginResults)[number], platform?: string) {
      count.logins.inc({ result });
      if (result === 'correct') log.debug('platform logged in', { platform });
      else log.warn('login refused', { result, platform });
    },
    refused(reply: ReplyKey, platform?: string) {
      count.refused.inc({ reason: reply });
      const [code, status] = replies[reply].line.split(' ');
      log.info('refused', { reason: reply, code: Number(code), status, platform });
    },
  };
}

type Owners = { readonly platform: string; readonly domain: string };

/** What becomes of accepted mail; delivery reports through these. */
function mailEvents(log: Log, count: Meters) {
  let refusing = '';
  return {
    accepted(event: AcceptedEvent) {
      const { id, kind, lane, size, recipients, destinations, tls, commitMs } = event;
      count.accepted.inc({ kind, lane });
      count.acceptedBytes.inc(size);
      count.commitSeconds.observe(commitMs / 1000);
      log.info('accepted', { id, ...origin(event), kind, lane, size, recipients, destinations, tls, commitMs });
    },
    attempted(event: AttemptedEvent, hop: string) {
      const provider = receiverGroup(hop);
      for (const { outcome, category } of event.results) {
        count.attempts.inc({ outcome, provider });
        if (outcome !== 'delivered') count.failures.inc({ category, outcome });
      }
      const stages = { wait: event.waitMs, connect: event.connectMs, transfer: event.transferMs };
      for (const [stage, ms] of Object.entries(stages) as [keyof typeof stages, number | null][])
        if (ms !== null) count.stageSeconds.observe({ stage }, ms / 1000);
      if (event.hop !== null) count.deliveryTls.inc({ version: tlsLabel(event.tls ?? 'none') });
      const { id, k, attempt, results, tls, waitMs, connectMs, transferMs, nextDue } = event;
      log.info('attempted', {
        id,
        k,
        ...origin(event),
        attempt,
        results,
        provider,
        tls,
        waitMs,
        connectMs,
        transferMs,
        nextDue,
      });
    },
    settled(event: SettledEvent) {
      const { id, k, totals, attempts, totalMs } = event;
      for (const [outcome, recipients] of Object.entries(totals) as [keyof typeof totals, number][])
        if (recipients > 0) count.settled.inc({ outcome }, recipients);
      count.settledSeconds.observe(totalMs / 1000);
      log.info('settled', { id, k, ...origin(event), ...totals, attempts, totalMs });
    },
    held({ platform, domain, reason }: Owners & { readonly reason: HoldReason }) {
      count.held.inc({ reason });
      log.info('held back', { platform, domain, reason });
    },
    pushedBack({ platform, domain }: Owners) {
      count.pushedBack.inc();
      log.debug('put back, its destination has its share', { platform, domain });
    },
    setBack({ id, platform, domain, setback }: Owners & { readonly id: string; readonly setback: Setback }) {
      count.setBack.inc({ reason: setback.because });
      log.warn('could not be worked on, comes again later', { id, platform, domain, ...setback });
    },
    buried({ subject, reason }: { readonly subject: string; readonly reason: string }) {
      count.buried.inc();
      log.error('moved to the dead letters', { subject, reason });
    },
    /** What the last look at the queue said: marks at which mail is refused; undefined levels: nothing was learnt. */
    queueLooked(marks: Marks, levels: Levels | undefined) {
      if (levels !== undefined) count.queueFill.set(levels.fill);
      for (const reason of markNames) count.refusing.set({ reason }, marks.has(reason) ? 1 : 0);
      const inForce = [...marks].join();
      if (inForce !== refusing)
        log[marks.size > 0 ? 'warn' : 'info']('marks of the queue', { refusing: [...marks], ...levels });
      refusing = inForce;
    },
    queueProblem(reason: string) {
      count.queueProblems.inc({ reason });
      log.warn('the queue did not take a write', { reason });
    },
    keyProblem({ domain, problem }: { readonly domain: string; readonly problem: string }) {
      log.error('signing key unusable', { domain, problem });
    },
    /** A defect of ours while an entry was worked on; the entry comes again. */
    deliveryDefect(error: Error) {
      log.error('defect while delivering', { error });
    },
  };
}

/** What the node learns from its surroundings: configuration, NATS, certificate. */
function platformEvents(log: Log, count: Meters) {
  return {
    configAdopted(config: { readonly generation: number; readonly domains: number; readonly platforms: number }) {
      count.configGeneration.set(config.generation);
      log.info('configuration adopted', config);
    },
    configRenewed(issuedAt: number) {
      count.configIssued.set(issuedAt / 1000);
    },
    configRefused(reason: ConfigRefusal, message: string) {
      count.configRefused.inc({ reason });
      log.error('configuration refused, the last good one stays in force', { reason, message });
    },
    configMissing() {
      log.warn('the bucket holds no configuration, the last good one stays in force');
    },
    /** People's orders about the queue, whenever they change. */
    ordersInForce({ standing, unread }: Orders) {
      log.info('orders in force', { orders: standing.map(({ kind, name }) => `${kind} ${name}`) });
      count.ordersUnread.set(unread.length);
      for (const { name, problem, holds } of unread)
        log.error(holds ? 'an order cannot be read: what it may be about is held' : 'an order cannot be read', {
          order: name,
          problem,
        });
    },
    acknowledged(result: 'written' | 'failed') {
      count.acknowledgements.inc({ result });
    },
    natsConnection(connected: boolean, server?: string) {
      count.natsConnected.set(connected ? 1 : 0);
      if (connected) log.info('connected to NATS', { server });
      else log.warn('connection to NATS lost');
    },
    /** The server refused a subject, or the user; words of the client library. */
    natsRefused(detail: string) {
      log.error('NATS refused', { detail });
    },
    listening(listeners: readonly { readonly mode: string; readonly host: string; readonly port: number }[]) {
      log.info('listening', { listeners });
    },
    clockChanged(news: ClockNews) {
      const bySeconds = news.kind === 'returned' ? undefined : Math.round(news.byMs / 1000);
      if (news.kind === 'jumped') count.clockJumps.inc();
      if (news.kind === 'jumped') log.warn('the clock jumped', { bySeconds, detail: clockRemedy });
      else log.info(clockWords[news.kind], { bySeconds });
    },
    certificateInUse(expiresAt: number) {
      count.certificateExpiry.set(expiresAt / 1000);
      log.info('listener certificate in use', { expires: new Date(expiresAt).toISOString() });
    },
    certificateRefused(problem: string) {
      log.error('listener certificate refused, the one in use stays', { problem });
    },
  };
}

const clockRemedy = `the old time stays in use for ${holdMs / 60_000} min, then the new one is adopted; check the time synchronisation of this machine`;
const clockWords = {
  returned: 'the clock came back to the time in use',
  adopted: 'the time that the clock jumped to is in use now',
} as const;

function origin(event: { readonly platform: { namespace: string; name: string }; readonly domain: string }) {
  return { platform: refKey(event.platform), domain: event.domain };
}

function tlsLabel(version: string): (typeof tlsVersions)[number] {
  return tlsVersions.find((known) => known === version) ?? 'other';
}
