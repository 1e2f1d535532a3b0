// The operator's parts in the test's own process, as its main.ts wires them, on a real API server: with a clock the test may set.
// Nothing is swept, so that what the test puts into the queue is the test's alone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { createBackoff } from '@relayfleet/operator/backoff.ts';
import { createLoop } from '@relayfleet/operator/loop.ts';
import { mint } from '@relayfleet/operator/mint/mint.ts';
import { hashPassword } from '@relayfleet/operator/mint/password.ts';
import { openFleetLink } from '@relayfleet/operator/observe/fleet-link.ts';
import { createFleetLinks } from '@relayfleet/operator/observe/fleet-links.ts';
import { openConnection } from '@relayfleet/operator/observe/nats-connection.ts';
import { createApi } from '@relayfleet/operator/provider/kubernetes/http.ts';
import { createKubernetesProvider } from '@relayfleet/operator/provider/kubernetes/kubernetes-provider.ts';
import { createPublisher } from '@relayfleet/operator/snapshot/publisher.ts';
import type { KubeApi } from '../harness/kube-api.ts';

const system = 'relayfleet-system';
const monotonic = () => performance.now();
const sleep = async (ms: number, signal: AbortSignal) => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
};

export type OperatorInProcess = {
  start(): Promise<void>;
  planAgain(): void;
  stop(): Promise<void>;
  /** What was let go, and how: `default Withdrawn`. */
  readonly released: readonly string[];
};

/** `now`: milliseconds since the epoch, by the clock that deletions are judged by. */
export function runOperator(kube: KubeApi, now: () => number = Date.now): OperatorInProcess {
  const released: string[] = [];
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(readFileSync(kube.kubeconfigPath, 'utf8'));
  const quiet = () => undefined;
  const provider = createKubernetesProvider({
    api: createApi(kubeConfig, { monotonic }),
    monotonic,
    sleep,
    random: Math.random,
    events: { watchFailed: quiet, watchRecovered: quiet },
  });
  const noteGeneration = async (...noted: Parameters<typeof provider.noteGeneration>) => {
    const written = await provider.noteGeneration(...noted);
    assert.ok(written.ok);
  };
  const links = createFleetLinks((connection) =>
    openFleetLink(connection, {
      now,
      monotonic,
      sleep,
      connect: openConnection,
      publisher: createPublisher({ now, noteGeneration }),
      backoff: createBackoff({ baseMs: 50, maxMs: 200, random: Math.random }),
      events: { natsProblem: quiet, natsReady: quiet, published: quiet },
      onChange: () => loop.trigger(),
    }),
  );
  const loop = createLoop({
    provider,
    links,
    now,
    monotonic,
    random: Math.random,
    later: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    fixed: { defaultFleet: { namespace: system, name: 'default' }, endpoints: new Map(), natsUrl: undefined },
    mint: (request) => mint(request, { now, randomBytes }),
    hash: hashPassword,
    events: {
      planned: quiet,
      planFailed: (cause) => assert.fail(String(cause)),
      stepSettled: quiet,
      released: ({ ref }, release) => void released.push(`${ref.name} ${release.how}`),
    },
  });
  return {
    released,
    start: () => provider.start(() => loop.trigger()),
    planAgain: () => loop.trigger(),
    stop: async () => {
      await loop.stop();
      await links.close();
      await provider.close();
    },
  };
}
