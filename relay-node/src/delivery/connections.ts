// The open sessions with next hops: reused for a while, limited per hop, and a hop that cannot be reached is left alone for a
// while, so that neither its own mail nor anybody else's waits behind it.
// A hop is known here by a key; refuses to know what mail goes over a session.
import type { RoutingFailure } from '../routing/next-hops.ts';
import type { Fact } from './facts.ts';
import type { Session } from './smtp-client.ts';

/** Why a hop could not be used. */
export type HopFailure = Fact | RoutingFailure;
type OpenedHop = { readonly ok: true; readonly session: Session } | { readonly ok: false; readonly fact: HopFailure };

export type PoolSettings = {
  /** An unused session is closed after this long: peers drop idle ones, and each costs them a slot. */
  readonly idleMs: number;
  readonly mailsPerSession: number;
  /** After a failure to connect, with no other session open, the hop is not tried again for this long. */
  readonly restMs: number;
};

export const standardPool: PoolSettings = { idleMs: 5_000, mailsPerSession: 100, restMs: 20_000 };

export type Lease = {
  readonly session: Session;
  /** It carried mail before: the peer may have closed it just now. */
  readonly reused: boolean;
  /** Gives the session back; a session that cannot be reused makes room for another. */
  end(reusable: boolean): void;
};
export type Leased = { readonly ok: true; readonly lease: Lease } | { readonly ok: false; readonly fact: HopFailure };

export type LeaseRequest = {
  /** Everything that must be equal for two mails to share a session. */
  readonly key: string;
  /** Sessions with this hop at most. */
  readonly limit: number;
  readonly open: () => Promise<OpenedHop>;
  /** Not one of the waiting sessions. */
  readonly fresh?: boolean;
};

export type Connections = {
  /** A session: an idle one, else a new one, else the next that comes free. Fails when the hop does. */
  lease(request: LeaseRequest): Promise<Leased>;
  /** Why the hop is left alone for now; undefined when it may be asked. */
  restOf(key: string): HopFailure | undefined;
  /** Takes leave of every session not in use, now and as they come back. */
  close(): void;
};

type Held = { readonly session: Session; mails: number; idleTimer?: NodeJS.Timeout };
/** What became of waiting: a session, the right to open one, or the hop's failure. */
type Turn =
  | { readonly kind: 'session'; readonly held: Held }
  | { readonly kind: 'room' }
  | { readonly kind: 'failed'; readonly fact: HopFailure };
type Hop = {
  readonly key: string;
  readonly idle: Held[];
  readonly waiting: ((turn: Turn) => void)[];
  /** Sessions open or being opened, in use or not. */
  open: number;
  resting?: { readonly until: number; readonly fact: HopFailure };
};
type Pool = {
  readonly settings: PoolSettings;
  readonly now: () => number;
  readonly hops: Map<string, Hop>;
  closing: boolean;
};

export function openConnections(settings: PoolSettings, now: () => number): Connections {
  const pool: Pool = { settings, now, hops: new Map(), closing: false };
  const close = () => {
    pool.closing = true;
    pool.hops.forEach((hop) => dropIdle(pool, hop));
  };
  return { lease: (request) => lease(pool, request), restOf: (key) => restOf(pool, pool.hops.get(key)), close };
}

async function lease(pool: Pool, { key, limit, open, fresh = false }: LeaseRequest): Promise<Leased> {
  const hop: Hop = pool.hops.get(key) ?? { key, idle: [], waiting: [], open: 0 };
  pool.hops.set(key, hop);
  const resting = restOf(pool, hop);
  if (resting !== undefined) return { ok: false, fact: resting };
  if (fresh) dropIdle(pool, hop);
  const idle = takeIdle(hop);
  if (idle !== undefined) return hand(pool, hop, idle);
  if (hop.open < limit) hop.open++;
  else {
    const turn = await new Promise<Turn>((resolve) => hop.waiting.push(resolve));
    if (turn.kind === 'failed') return { ok: false, fact: turn.fact };
    if (turn.kind === 'session') return hand(pool, hop, turn.held);
  }
  const opened = await open().catch((error: unknown) => {
    makeRoom(pool, hop); // a defect must not cost the hop a session for good
    throw error;
  });
  if (opened.ok) return hand(pool, hop, { session: opened.session, mails: 0 });
  failed(pool, hop, opened.fact);
  return opened;
}

function hand(pool: Pool, hop: Hop, held: Held): Leased {
  delete hop.resting;
  const reused = held.mails++ > 0;
  const end = (reusable: boolean) => {
    const fit = reusable && !pool.closing && held.session.isOpen() && held.mails < pool.settings.mailsPerSession;
    return fit ? keep(pool, hop, held) : drop(pool, hop, held);
  };
  return { ok: true, lease: { session: held.session, reused, end } };
}

function keep(pool: Pool, hop: Hop, held: Held): void {
  const next = hop.waiting.shift();
  if (next !== undefined) return next({ kind: 'session', held });
  held.idleTimer = setTimeout(() => {
    hop.idle.splice(hop.idle.indexOf(held), 1);
    drop(pool, hop, held);
  }, pool.settings.idleMs).unref();
  hop.idle.push(held);
}

function drop(pool: Pool, hop: Hop, held: Held): void {
  held.session.quit();
  makeRoom(pool, hop);
}

/** Its place goes to whoever waits longest, without anybody else getting in between. */
function makeRoom(pool: Pool, hop: Hop): void {
  const next = hop.waiting.shift();
  if (next !== undefined) return next({ kind: 'room' });
  hop.open--;
  forgetIfUnused(pool, hop);
}

/** With another session open the hop is up: only this mail goes elsewhere. With none, those who wait would fail alike. */
function failed(pool: Pool, hop: Hop, fact: HopFailure): void {
  if (hop.open > 1) return makeRoom(pool, hop);
  hop.open--;
  for (const waiting of hop.waiting.splice(0)) waiting({ kind: 'failed', fact });
  if (fact.kind !== 'interrupted') {
    const { restMs } = pool.settings;
    hop.resting = { until: pool.now() + restMs, fact };
    setTimeout(() => forgetIfUnused(pool, hop), restMs + 1).unref();
  }
  forgetIfUnused(pool, hop);
}

function takeIdle(hop: Hop): Held | undefined {
  for (let held = hop.idle.pop(); held !== undefined; held = hop.idle.pop()) {
    clearTimeout(held.idleTimer);
    if (held.session.isOpen()) return held;
    hop.open--;
  }
  return undefined;
}

function dropIdle(pool: Pool, hop: Hop): void {
  for (const held of hop.idle.splice(0)) {
    clearTimeout(held.idleTimer);
    drop(pool, hop, held);
  }
}

function restOf({ now }: Pool, hop: Hop | undefined): HopFailure | undefined {
  return hop?.resting !== undefined && hop.resting.until > now() ? hop.resting.fact : undefined;
}

function forgetIfUnused(pool: Pool, hop: Hop): void {
  const inUse = hop.open > 0 || hop.waiting.length > 0 || restOf(pool, hop) !== undefined;
  if (!inUse && pool.hops.get(hop.key) === hop) pool.hops.delete(hop.key);
}
