// One fleet's NATS, from the operator's side: keeps a connection, its streams and its bucket in order, hears the nodes, and
// has published what is wanted. Runs on its own, so that a fleet whose NATS hangs holds up no other.
// Decides when to try again; what to publish is the plan's, and how is the publisher's.
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Backoff } from '../backoff.ts';
import type { NatsAccount, WantedConnection, WantedSnapshot } from '../plan.ts';
import type { Bucket, Publication } from '../snapshot/publish.ts';
import type { Publisher } from '../snapshot/publisher.ts';
import type { FleetObservation } from '../world.ts';
import { createDrainWatch, type DrainQueue } from './drain-watch.ts';
import { createHearing, type Clocks } from './hearing.ts';

/** What a link is opened with: with an account, whichever way that was found. */
export type LinkConnection = WantedConnection & { readonly account: NatsAccount };

/** A connection that is up, as jetstream/ gives it. Everything rejects when NATS does not answer. */
export type Connection = {
  readonly bucket: Bucket;
  readonly queue: DrainQueue;
  /** Makes streams, consumers and buckets right; the problem is a sentence. */
  prepare(
    sizing: WantedConnection['sizing'],
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly problem: string }>;
  onAcknowledgements(listener: (latest: readonly Acknowledgement[]) => void): void;
  /** Lost: it comes back by itself. Ended: it does not. */
  onState(listener: (state: 'connected' | 'lost' | 'ended') => void): void;
  close(): Promise<void>;
};

export type FleetLink = {
  /** Undefined until the first attempt to reach NATS has ended. */
  observation(): FleetObservation | undefined;
  /** The newest plan's word; without a snapshot nothing is published. */
  want(connection: LinkConnection, snapshot: WantedSnapshot | undefined): void;
  close(): Promise<void>;
};

export type FleetLinkEvents = {
  natsProblem(fleet: ObjectRef, problem: string): void;
  natsReady(fleet: ObjectRef): void;
  published(fleet: ObjectRef, publication: Extract<Publication, { ok: true }>, seconds: number): void;
};

export type FleetLinkDeps = Clocks & {
  readonly connect: (account: NatsAccount) => Promise<Connection>;
  readonly publisher: Publisher;
  readonly events: FleetLinkEvents;
  /** The observation has changed. */
  readonly onChange: () => void;
  readonly backoff: Backoff;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** How often the bucket is looked at although nothing was edited: a lost or restored one is noticed this soon. */
const checkMs = 10_000;
/** How often streams are made right although nothing failed. */
const prepareMs = 30_000;
/** How long a new connection waits for what the nodes have said so far. */
const hearMs = 10_000;

export function openFleetLink(first: LinkConnection, deps: FleetLinkDeps): FleetLink {
  const { fleet } = first;
  const { events, onChange, publisher } = deps;
  const stop = new AbortController();
  const hearing = createHearing(deps);
  const drains = createDrainWatch(deps);
  let wake = new AbortController();
  let wanted: { readonly connection: LinkConnection; readonly snapshot?: WantedSnapshot } = { connection: first };
  let nats: FleetObservation['nats'] | undefined;
  let preparedAt = -Infinity;
  let loaded = false;
  let planAwaited = false;
  let heardOn: Connection | undefined;

  function setNats(problem: string | undefined): void {
    const next = problem === undefined ? ({ ok: true } as const) : ({ ok: false, problem } as const);
    if (JSON.stringify(nats) === JSON.stringify(next)) return;
    nats = next;
    if (problem === undefined) events.natsReady(fleet);
    else events.natsProblem(fleet, problem);
    onChange();
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const problem = await connectAndServe().catch(sentence);
      if (stop.signal.aborted) return;
      setNats(problem ?? 'the connection has ended; a new one is being made');
      await deps.sleep(deps.backoff.next(), stop.signal);
    }
  }

  async function connectAndServe(): Promise<undefined> {
    const connection = await deps.connect(wanted.connection.account);
    const over = new AbortController();
    const watching = drains.run(connection.queue, AbortSignal.any([over.signal, stop.signal]));
    try {
      await serve(connection);
    } finally {
      over.abort();
      await watching;
      await connection.close();
    }
  }

  async function serve(connection: Connection): Promise<void> {
    let ended = false;
    connection.onState((state) => {
      if (stop.signal.aborted) return;
      if (state === 'connected')
        deps.backoff.reset(); // a server that has just come back is soon fit, however long it was away
      else setNats('the connection is lost; it is being restored');
      ended = state === 'ended';
      preparedAt = -Infinity;
      wake.abort();
    });
    while (!stop.signal.aborted && !ended) {
      wake = new AbortController();
      const problem = await round(connection).catch(sentence);
      if (stop.signal.aborted) return;
      setNats(problem);
      if (problem === undefined) deps.backoff.reset();
      else preparedAt = -Infinity;
      const pause = problem === undefined ? checkMs : deps.backoff.next();
      await deps.sleep(pause, AbortSignal.any([wake.signal, stop.signal]));
    }
  }

  /** Everything in order, then what is wanted published. Returns what stands against it. */
  async function round(connection: Connection): Promise<string | undefined> {
    const { snapshot } = wanted;
    const due = deps.monotonic() - preparedAt >= prepareMs;
    const problem = due ? await prepare(connection) : undefined;
    if (problem !== undefined) return problem;
    if (heardOn !== connection) await hearNodes(connection);
    if (!snapshot) return undefined;
    if (!loaded) await load(connection, snapshot);
    if (planAwaited) return undefined;
    try {
      return await publish(connection, snapshot);
    } catch (cause) {
      if (due) throw cause;
      return (await prepare(connection)) ?? publish(connection, snapshot); // the bucket may have been lost
    }
  }

  async function prepare(connection: Connection): Promise<string | undefined> {
    const prepared = await connection.prepare(wanted.connection.sizing);
    if (!prepared.ok) return prepared.problem;
    preparedAt = deps.monotonic();
    return undefined;
  }

  /** Before they are told anything: a fleet that was deleted and applied again goes on above what its nodes hold. */
  async function hearNodes(connection: Connection): Promise<void> {
    heardOn = connection;
    const heard = new AbortController();
    connection.onAcknowledgements((latest) => {
      if (hearing.hear(latest)) onChange();
      heard.abort();
    });
    await deps.sleep(hearMs, AbortSignal.any([heard.signal, stop.signal]));
  }

  /**
   * What the last run published comes first, and a plan that knows of it and of what nodes hold: where a Secret cannot be read,
   * last good values stay in force.
   */
  async function load({ bucket }: Connection, snapshot: WantedSnapshot): Promise<void> {
    await publisher.load(bucket, snapshot);
    loaded = true;
    planAwaited = publisher.published() !== undefined || hearing.acknowledgements().length > 0;
    if (planAwaited) onChange();
  }

  async function publish({ bucket }: Connection, snapshot: WantedSnapshot): Promise<string | undefined> {
    const started = deps.monotonic();
    const before = publisher.published();
    const publication = await publisher.publish(bucket, snapshot);
    if (!publication.ok) return publication.problem;
    if (publication.did !== 'nothing') events.published(fleet, publication, (deps.monotonic() - started) / 1000);
    if (publication.published !== before) onChange();
    return undefined;
  }

  drains.want(first.drains);
  const ended = run();
  return {
    observation() {
      const published = publisher.published();
      const said = { acknowledgements: hearing.acknowledgements(), drains: drains.observations() };
      return nats && { nats, ...said, ...(published ? { published } : {}) };
    },
    want(connection, snapshot) {
      const resized = JSON.stringify(connection.sizing) !== JSON.stringify(wanted.connection.sizing);
      const outrun = (snapshot?.generationFloor ?? 0) > (publisher.published()?.generation ?? 0);
      const news = planAwaited || resized || outrun || sealedAs(snapshot) !== sealedAs(wanted.snapshot);
      if (resized) preparedAt = -Infinity;
      planAwaited = false;
      wanted = { connection, ...(snapshot ? { snapshot } : {}) };
      drains.want(connection.drains);
      if (news) wake.abort();
    },
    async close() {
      stop.abort();
      await ended;
    },
  };
}

function sealedAs(snapshot: WantedSnapshot | undefined): string {
  return snapshot ? `${snapshot.digest} ${snapshot.seal.fleetKey.id}` : '';
}

function sentence(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
