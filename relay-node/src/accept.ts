// First half of the mail's way, top to bottom: session, login, sender, recipients, message, policy, durable commit, 250.
// Composes the stages; decides nothing a stage could decide. What it promises: a 250 is said only after JetStream has made the
// mail durable (RFC 5321 §4.2.5, §6.1), and every question gets an answer within a bounded time.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Snapshot } from '@relayfleet/contract/snapshot.ts';
import { acceptLarge, acceptMessage, notConfigured, type MessageDeps } from './accept-message.ts';
import type { Certificate } from './ingress/certificate.ts';
import { createMemoryBudget } from './ingress/collect.ts';
import type { Deadlines } from './ingress/connection.ts';
import { addressGroup, createTally, mostOfOneAddress } from './ingress/client-address.ts';
import { verifyCredentials } from './ingress/credentials.ts';
import type { Gate, Login, LoginClaim, Session } from './ingress/session.ts';
import { createSlots, type Slots } from './ingress/slots.ts';
import { openListener, type ListenerAddress, type ListenerLimits } from './ingress/smtp-listener.ts';
import type { Marks } from './policy/admission.ts';
import { judge, recipientRules, senderRules } from './policy/rules.ts';
import { inlineLimit } from './queue/entries.ts';
import type { Answer } from './replies.ts';

export type AcceptDeps = MessageDeps & {
  readonly listeners: readonly ListenerAddress[];
  readonly certificate: () => Certificate;
  /** At which mail is refused now, for want of room in the queue. */
  readonly marks: () => Marks;
  readonly patience: Patience;
  /** Bytes of all messages that may be arriving at one time. */
  readonly bodyMemory: number;
};

/** Milliseconds we wait for a client, and let it wait for us. */
export type Patience = Deadlines & {
  /** For the durable commit of a message, all tries together. */
  readonly commit: number;
};
export const patience: Patience = { login: 60_000, command: 300_000, data: 600_000, commit: 30_000 };
export const bodyMemory = 384 * 1024 * 1024;

/** Logins that may fail in a connection: wrong passwords, and checks there was no slot for. */
const mostFailedLogins = 3;
/** Slow password checks at once, and waiting: the thread pool also signs mail. */
const slowChecks = { atOnce: 2, waiting: 100 } as const;
/** Before the first snapshot nobody gets past the greeting, so only the number of connections matters. */
const unconfigured: ListenerLimits = {
  helloName: 'localhost',
  tlsFloor: '1.2',
  maxMessageBytes: 26_214_400,
  maxConnections: 1000,
};

export type Accepting = {
  /** With the ports really bound. */
  readonly listeners: readonly ListenerAddress[];
  /** For when the certificate or the snapshot has changed. */
  refreshTls(): void;
  /** Takes nothing new; messages under way are finished within the grace. */
  stop(graceMs: number): Promise<void>;
};

/** Opens every listener. Rejects when a port is taken, and leaves none open then. */
export async function startAccepting(deps: AcceptDeps): Promise<Accepting> {
  const { events, snapshot } = deps;
  const shared = {
    gate: createGate(deps),
    certificate: deps.certificate,
    limits: () => limitsOf(snapshot()),
    deadlines: deps.patience,
    budget: createMemoryBudget(deps.bodyMemory),
    keepBytes: inlineLimit,
    sockets: createTally(),
    onRefusal: (reply: Answer['reply']) => events.refused(reply),
    onConnectionFault: (error: Error) => events.connectionFault(error),
    onDefect: (error: Error) => events.defect(error),
  };
  const opened = await Promise.allSettled(deps.listeners.map((address) => openListener({ ...shared, address })));
  const listeners = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (graceMs: number) => {
    await Promise.all(listeners.map((listener) => listener.stop(graceMs)));
  };
  const failure = opened.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    await stop(0);
    throw failure.reason;
  }
  const refreshTls = () => listeners.forEach((listener) => listener.refreshTls());
  return { listeners: listeners.map(({ address }) => address), refreshTls, stop };
}

/** The questions of the listeners, answered from the snapshot of the moment. Every refusal is counted here. */
function createGate(deps: AcceptDeps): Gate {
  const { events, snapshot } = deps;
  const open = new Map<string, string>();
  const openByAddress = createTally();
  const slots = createSlots(slowChecks.atOnce, slowChecks.waiting);
  const counted = (session: Session, answer: Answer | undefined) => {
    if (answer !== undefined && answer.reply !== 'queued')
      events.refused(answer.reply, platformName(session, snapshot()));
    return answer;
  };
  return {
    connect(session) {
      const group = addressGroup(session.remoteAddress);
      const answer = admit(snapshot(), open.size, openByAddress.of(group));
      if (answer === undefined) {
        events.sessionsOpen(open.set(session.id, group).size);
        openByAddress.add(group);
      }
      return counted(session, answer);
    },
    disconnect({ id }) {
      const group = open.get(id);
      if (group === undefined) return;
      open.delete(id);
      openByAddress.remove(group);
      events.sessionsOpen(open.size);
    },
    secured: ({ tls }) => events.secured(tls?.version ?? 'none'),
    async login(session, claim) {
      const from = addressGroup(session.remoteAddress);
      const login = await logIn(deps, { ...claim, from }, slots);
      if (!login.ok) counted(session, login.answer);
      return login;
    },
    sender(session, sender) {
      const current = snapshot();
      const facts = current && { snapshot: current, session, sender, marks: deps.marks() };
      return counted(session, facts ? judge(senderRules, facts) : notConfigured);
    },
    recipient(session, sender, recipient, accepted) {
      const current = snapshot();
      const facts = current && { snapshot: current, session, sender, recipient, accepted };
      return counted(session, facts ? judge(recipientRules, facts) : notConfigured);
    },
    async message(session, transaction, content) {
      const answer = await acceptMessage(deps, { session, transaction, content });
      counted(session, answer);
      return answer;
    },
    largeMessage(session, transaction, head) {
      const message = acceptLarge(deps, { session, transaction }, head);
      return {
        ...message,
        async end(content) {
          const answer = await message.end(content);
          counted(session, answer);
          return answer;
        },
      };
    },
  };
}

/** `open`: sessions there are; `ofAddress`: those of the client's address. */
function admit(snapshot: Snapshot | undefined, open: number, ofAddress: number): Answer | undefined {
  if (snapshot === undefined) return notConfigured;
  const { maxConnections } = snapshot.fleet.limits;
  if (open >= maxConnections) return { reply: 'tooManyConnections' };
  return ofAddress >= mostOfOneAddress(maxConnections) ? { reply: 'tooManyFromAddress' } : undefined;
}

type ClaimFrom = LoginClaim & { readonly from: string };

async function logIn({ snapshot, events }: AcceptDeps, claim: ClaimFrom, slots: Slots): Promise<Login> {
  const current = snapshot();
  if (current === undefined) return { ok: false, answer: notConfigured };
  const verdict = await verifyCredentials(current, claim, slots);
  const last = claim.failures + 1 >= mostFailedLogins;
  switch (verdict.kind) {
    case 'busy':
      events.loggedIn('busy');
      return { ok: false, answer: { reply: last ? 'tooManyFailures' : 'loginBusy' } };
    case 'wrong':
      events.loggedIn('wrong');
      return { ok: false, answer: { reply: last ? 'tooManyFailures' : 'badCredentials' } };
    case 'correct': {
      const { platform, secret } = verdict;
      events.loggedIn(platform.suspended ? 'suspended' : 'correct', refKey(platform.ref));
      if (platform.suspended) return { ok: false, answer: { reply: 'platformSuspended' } };
      return { ok: true, credential: { username: platform.username, secret } };
    }
  }
}

function limitsOf(snapshot: Snapshot | undefined): ListenerLimits {
  if (snapshot === undefined) return unconfigured;
  const { helloName, tlsFloor, limits } = snapshot.fleet;
  return { helloName, tlsFloor, maxMessageBytes: limits.maxMessageBytes, maxConnections: limits.maxConnections };
}

/** For logs: who is refused, once we know. */
function platformName({ credential }: Session, snapshot: Snapshot | undefined): string | undefined {
  const platform = credential && snapshot?.platforms.get(credential.username);
  return platform && refKey(platform.ref);
}
