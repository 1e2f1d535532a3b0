// Whether a NATS server can be trusted with mail. Refuses old ones by version, and those that leave out what they do not know.
// Decides nothing about what happens then: a node does not start, an operator reports it.
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { streams } from '@relayfleet/contract/subjects.ts';
import type { Nats } from './connect.ts';
import { manager } from './read.ts';

export const minimumServerVersion = '2.15.1';

export type ServerFitness = { readonly ok: true } | { readonly ok: false; readonly problem: string };

const streamNotFound = 10059;

/** Version, JetStream, and that DEFER (where it exists) really has schedules. Rejects when the server does not answer. */
export async function checkServer(nats: Nats): Promise<ServerFitness> {
  const jsm = await manager(nats);
  const fit = checkVersion(nats);
  return fit.ok ? checkSchedules(jsm) : fit;
}

/** What the server says of itself on connecting. */
export function checkVersion({ nc: { info } }: Nats): ServerFitness {
  if (info === undefined) throw new Error('NATS is not connected');
  if (!isAtLeast(info.version, minimumServerVersion))
    return unfit(
      `NATS server ${info.server_name} is version ${info.version}; relayfleet needs ${minimumServerVersion} or newer, because ` +
        'older ones accept scheduled messages and never send them: upgrade nats-server',
    );
  if (info.jetstream !== true)
    return unfit(`NATS server ${info.server_name} runs without JetStream: add a jetstream block to its configuration`);
  return { ok: true };
}

async function checkSchedules(jsm: JetStreamManager): Promise<ServerFitness> {
  try {
    const { config } = await jsm.streams.info(streams.deferred);
    return config.allow_msg_schedules === true
      ? { ok: true }
      : unfit(`stream ${streams.deferred} has no message schedules: deferred mail would never be sent`);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return { ok: true };
    throw error;
  }
}

/** Compares `2.15.1` numerically; a suffix such as `-RC.1` counts as the release itself. */
export function isAtLeast(version: string, minimum: string): boolean {
  const wanted = numbers(minimum);
  const found = numbers(version);
  const differing = wanted.findIndex((part, index) => part !== (found[index] ?? 0));
  return differing === -1 || (found[differing] ?? 0) > (wanted[differing] ?? 0);
}

function numbers(version: string): readonly number[] {
  return (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}

function unfit(problem: string): ServerFitness {
  return { ok: false, problem };
}
