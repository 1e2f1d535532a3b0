// Which RelayFleet a directory of manifests describes, as far as starting its parts needs to know: name, listeners, and
// the Secrets it takes NATS users from. Whether the manifest is valid is the operator's word, not said here.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { parseAllDocuments } from 'yaml';

export type Listener = { readonly name: string; readonly port: number; readonly mode: 'Implicit' | 'StartTLS' };

export type FleetManifest = {
  readonly ref: ObjectRef;
  readonly listeners: readonly Listener[];
  readonly operatorSecret: string;
  readonly nodeSecret: string;
  /** Secret with the listeners' certificate, where the owner brings one. */
  readonly certificateSecret?: string;
};

export type FleetSearch =
  | { readonly kind: 'found'; readonly fleet: FleetManifest }
  /** No RelayFleet in the directory: one with defaults is made. */
  | { readonly kind: 'none' }
  | { readonly kind: 'problem'; readonly problem: string };

// As crds/relayfleet.yaml defaults them; RFC 8314 §3.3 prefers the first.
const defaultListeners: readonly Listener[] = [
  { name: 'submissions', port: 465, mode: 'Implicit' },
  { name: 'submission', port: 587, mode: 'StartTLS' },
];

export const defaultFleet: FleetManifest = {
  ref: { namespace: 'relayfleet-system', name: 'default' },
  listeners: defaultListeners,
  operatorSecret: 'nats-operator',
  nodeSecret: 'nats-node',
};

export function findFleet(directory: string): FleetSearch {
  const problems: string[] = [];
  const fleets = manifestFiles(directory).flatMap((file) => {
    const documents = parseAllDocuments(readFileSync(file, 'utf8'));
    if (!Array.isArray(documents)) return [];
    problems.push(
      ...documents.flatMap(({ errors }) =>
        errors.map(({ message }) => `${file}: ${(message.split('\n')[0] ?? '').replace(/:$/, '')}`),
      ),
    );
    return documents.map((document) => fleetOf(document.toJS())).filter((fleet) => fleet !== undefined);
  });
  const [fleet, second] = fleets;
  if (second !== undefined) return { kind: 'problem', problem: twoFleets(directory, fleets) };
  if (fleet !== undefined) return { kind: 'found', fleet };
  if (problems.length > 0)
    return { kind: 'problem', problem: `no RelayFleet found, and a manifest cannot be read: ${problems[0]}` };
  return { kind: 'none' };
}

/**
 * Fields of the spec that the running parts were started with and that read otherwise now: nothing short of a new start carries them.
 * `object` is the RelayFleet as it is in force.
 */
export function changedSinceStart(started: FleetManifest, object: unknown): readonly string[] {
  const now = fleetOf(object);
  if (now === undefined) return [];
  const fields: readonly (readonly [string, keyof FleetManifest])[] = [
    ['spec.listeners', 'listeners'],
    ['spec.tls.certificateRef', 'certificateSecret'],
    ['spec.nats.operatorCredentialsRef', 'operatorSecret'],
    ['spec.nats.nodeCredentialsRef', 'nodeSecret'],
  ];
  return fields.flatMap(([name, key]) => (isDeepStrictEqual(started[key], now[key]) ? [] : [name]));
}

function manifestFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}

/** Reads leniently: what is missing or wrong gets its default here and its refusal from the operator. */
function fleetOf(document: unknown): FleetManifest | undefined {
  if (field(document, 'kind') !== 'RelayFleet') return undefined;
  const metadata = field(document, 'metadata');
  const spec = field(document, 'spec');
  const nats = field(spec, 'nats');
  const listeners = field(spec, 'listeners');
  const certificateSecret = text(field(field(field(spec, 'tls'), 'certificateRef'), 'name'));
  return {
    ref: {
      namespace: text(field(metadata, 'namespace')) ?? 'default',
      name: text(field(metadata, 'name')) ?? 'default',
    },
    listeners: Array.isArray(listeners) ? listeners.map(listenerOf) : defaultListeners,
    operatorSecret: text(field(field(nats, 'operatorCredentialsRef'), 'name')) ?? defaultFleet.operatorSecret,
    nodeSecret: text(field(field(nats, 'nodeCredentialsRef'), 'name')) ?? defaultFleet.nodeSecret,
    ...(certificateSecret === undefined ? {} : { certificateSecret }),
  };
}

function listenerOf(value: unknown): Listener {
  const port = field(value, 'port');
  return {
    name: text(field(value, 'name')) ?? 'submissions',
    port: typeof port === 'number' ? port : 465,
    mode: field(value, 'mode') === 'StartTLS' ? 'StartTLS' : 'Implicit',
  };
}

function twoFleets(directory: string, fleets: readonly FleetManifest[]): string {
  const names = fleets.map(({ ref }) => `${ref.namespace}/${ref.name}`).join(', ');
  return `a local run has one RelayFleet, ${directory} has ${fleets.length}: ${names}; keep one, or give each its own directory and run with --dir`;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
