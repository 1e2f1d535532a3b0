// A whole fleet for a test, as a black box: `relayfleet local` with manifests of the test's own, driven and killed through
// its ready file alone. Mail goes to a receiver that the test scripts; a ledger outside says what became of it.
import { readFileSync, rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { ReadyFile } from '../../cli/src/local/ready-file.ts';
import { markedMessage, openLedger, type Ledger } from './ledger.ts';
import { startLocal, type LocalRun } from './local-run.ts';
import { usual, usualManifests, type Endpoint, type Manifest } from './manifests.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { openSession, submit, type Listener, type Login, type Session, type Submitted } from './submit.ts';
import { until } from './until.ts';

export type FleetOptions = {
  /** Default 2. */
  readonly nodes?: number;
  /** What the fleet is told to be; `receiver` is where the test's receiver listens. */
  readonly manifests?: (receiver: Endpoint) => readonly Manifest[];
  /** Waiting times between attempts, `30s,1m`: RELAYFLEET_RETRY_DELAYS of the nodes. */
  readonly retries?: string;
  /** More environment for every part. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Fleet = Parts &
  Clients & {
    readonly receiver: Receiver;
    readonly ledger: Ledger;
    /** Below it: `state/logs/<part>.log`, `manifests/*.yaml`. */
    readonly directory: string;
    /** Adds or replaces a manifest file; `fleet.yaml` is the one it started with. */
    readonly apply: LocalRun['apply'];
    readonly stop: () => Promise<void>;
    /** As a power cut: every process at once, without a word. */
    readonly crash: () => Promise<void>;
    /** Starts again on the same state, after `stop` or `crash`; the receiver was there all the time. */
    readonly startAgain: () => Promise<void>;
  };

/** The processes. Their names: `nats-server`, `operator`, `node-1` ... */
export type Parts = {
  /** The ready file as it stands: process ids change when a part is restarted. */
  readonly ready: () => ReadyFile;
  pid(part: string): number;
  /** Returns the process id that got the signal. */
  kill(part: string, signal: NodeJS.Signals): number;
  /** Waits until another process than `formerPid` is that part, and is of use. */
  restarted(part: string, formerPid: number): Promise<void>;
};

export type Clients = {
  /** `node` counts from 1. */
  listener(node: number, tls?: Listener['tls']): Listener;
  login(): Login;
  /** A session on which several mails can be sent. */
  session(node: number): Promise<Session>;
  /** Sends one marked mail and enters it into the ledger. */
  send(options?: SendOptions): Promise<Sent>;
  /** Waits until the receiver has taken everything that got a 250. */
  allArrived(withinMs?: number): Promise<void>;
};

export type SendOptions = {
  /** Opens a connection to this node; default 1. */
  readonly node?: number;
  /** Uses this connection instead. */
  readonly session?: Session;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly body?: string;
};
export type Sent = { readonly mark: string; readonly to: readonly string[]; readonly result: Submitted };

/** Resolves when everything is programmed. Stopped after the test, however it ends. */
export async function startFleet(t: TestContext, options: FleetOptions = {}): Promise<Fleet> {
  const { manifests = usualManifests, ...run } = options;
  const receiver = await startReceiver();
  const ledger = openLedger(() => receiver.taken);
  const local = await startLocal({ ...run, manifests: manifests({ host: '127.0.0.1', port: receiver.port }) });
  t.after(async () => {
    await local.stop();
    await receiver.goAway();
    // Its types do not know `passed` yet.
    if ('passed' in t && t.passed === true) rmSync(local.directory, { recursive: true, force: true });
    else t.diagnostic(`kept for a look: ${local.directory} (local.log, state/logs)`);
  });
  await local.untilReady();
  const parts = partsOf(local);
  return {
    ...parts,
    ...clientsOf(parts, ledger),
    receiver,
    ledger,
    directory: local.directory,
    apply: local.apply,
    stop: local.stop,
    crash: local.crash,
    startAgain: local.startAgain,
  };
}

function partsOf(local: LocalRun): Parts {
  const find = (part: string) => local.ready()?.parts.find(({ name }) => name === part);
  const pid = (part: string): number => {
    const found = find(part);
    if (found === undefined) throw new Error(`no part ${part} in the ready file`);
    return found.pid;
  };
  return {
    pid,
    ready: () => {
      const found = local.ready();
      if (found === undefined) throw new Error('the ready file is gone');
      return found;
    },
    kill: (part, signal) => {
      const target = pid(part);
      process.kill(target, signal);
      return target;
    },
    restarted: async (part, formerPid) => {
      await until(`${part} runs again`, async () => {
        const found = find(part);
        return found !== undefined && found.pid !== formerPid && (await isOfUse(found.telemetry));
      });
    },
  };
}

function clientsOf({ ready }: Parts, ledger: Ledger): Clients {
  const listener: Clients['listener'] = (node, tls = 'implicit') => {
    const found = ready().listeners.find((one) => one.node === `node-${node}` && one.tls === tls);
    if (found === undefined) throw new Error(`node-${node} has no ${tls} listener`);
    return found;
  };
  const login = (): Login => {
    const { platforms, caFile } = ready();
    const platform = platforms.find(({ name }) => name === usual.platform);
    if (platform === undefined) throw new Error(`no platform ${usual.platform} in the ready file`);
    return { user: platform.user, password: platform.password, ca: readFileSync(caFile, 'utf8') };
  };
  return {
    listener,
    login,
    session: (node) => openSession(listener(node), login()),
    send: async ({ node = 1, session, from = usual.from, to = [usual.to], body } = {}) => {
      const mark = ledger.newMark();
      const mail = { from, to, message: markedMessage({ mark, from, to, body }) };
      const result = session === undefined ? await submit(listener(node), login(), mail) : await session.send(mail);
      ledger.enter(mark, to, result);
      return { mark, to, result };
    },
    allArrived: async (withinMs = 120_000) => {
      await until(
        () => `accepted but not received: ${ledger.verdict().lost.join(', ')}`,
        () => ledger.verdict().lost.length === 0,
        { withinMs },
      );
    },
  };
}

async function isOfUse(telemetry: string | undefined): Promise<boolean> {
  if (telemetry === undefined) return true;
  const answer = await fetch(`${telemetry}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}
