// Starts the parts in the order they need one another: the queue and DNS, then the operator, and once it has written what
// nodes are started with, the nodes and the receiving server. Ends when the manifests are in force.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapFile } from '@relayfleet/contract/bootstrap.ts';
import { conditionOf, conditionWords, label, type Resource } from '../resource.ts';
import type { ResourceReader } from '../state-resources.ts';
import {
  bootstrapMount,
  certificateMount,
  dnsServerPart,
  natsServerPart,
  operatorPart,
  receiverPart,
  relayNodePart,
  type Setup,
} from './parts.ts';
import { awaited } from './programmed.ts';
import type { Part } from './supervise/part.ts';
import type { Supervisor } from './supervise/supervisor.ts';
import { waitUntil, type Waited, type WaitOptions } from './wait.ts';

/** Rejects when a part does not start at all. */
export async function startParts(
  setup: Setup,
  supervisor: Supervisor,
  reader: ResourceReader,
  options: WaitOptions,
): Promise<Waited> {
  const launch = (part: Part): Promise<void> => supervisor.launch(part, options.signal);
  await Promise.all([launch(natsServerPart(setup)), launch(dnsServerPart(setup))]);
  await launch(operatorPart(setup));
  const mounted = await waitUntil(() => missingFiles(setup, reader), options);
  if (mounted.kind !== 'done') return mounted;
  const { fleet, ports } = setup;
  const launched = Promise.all([
    ...ports.nodes.map((node) => launch(relayNodePart(setup, node))),
    ...(setup.receiver ? [launch(receiverPart(setup))] : []),
  ]);
  let settled = false;
  void launched.then(() => (settled = true)).catch(() => undefined);
  const failure = launched.then(() => new Promise<never>(() => undefined)); // rejects, or says nothing
  const missing = (): readonly string[] => {
    const waitingFor = awaited(reader.resources(), fleet.ref, ports.nodes.length);
    return waitingFor.length > 0 ? waitingFor : settled ? [] : ['relay nodes and receiving server  starting'];
  };
  return Promise.race([waitUntil(missing, options), failure]);
}

/** What nodes and receiver are started with comes from the operator; while it does not, conditions and refusals say why. */
function missingFiles(setup: Setup, reader: ResourceReader): string[] {
  const files = [
    join(bootstrapMount(setup), bootstrapFile),
    ...['tls.crt', 'tls.key'].map((key) => join(certificateMount(setup), key)),
  ];
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length === 0) return [];
  const fleets = reader.resources().filter(({ kind }) => kind === 'RelayFleet');
  const reasons = [...fleets.flatMap(refusalWords), ...reader.refused()];
  return reasons.length > 0 ? reasons : missing.map((file) => `${file}  not written by the operator yet`);
}

function refusalWords(resource: Resource): string[] {
  return (['Accepted', 'ResolvedRefs'] as const).flatMap((type) => {
    const condition = conditionOf(resource, type);
    return condition?.status === 'False' ? [`${label(resource)}  ${conditionWords(condition)}`] : [];
  });
}
