// Where `relayfleet send` submits: read from a running local fleet's ready file, or from a platform's binding Secret in a
// cluster (Service Binding specification, "Well-known Secret Entries").
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Call, Terminal } from './command.ts';
import { readCa, readReadyFile, type ReadyFile } from './local/ready-file.ts';
import { senderOf } from './local/story/copy-block.ts';
import type { Target, TargetRequest } from './send/command.ts';
import { localState, openSource } from './source.ts';

export async function findTarget(call: Call, terminal: Terminal, request: TargetRequest): Promise<Target | string> {
  const state = localState(call, terminal);
  if (state === undefined)
    return request.node === undefined
      ? targetOfBinding(call, terminal, request)
      : 'a node of a cluster cannot be named: leave --node out, or say --host and --port';
  const ready = readReadyFile(state.readyFile);
  if (ready === undefined) return `no local fleet runs with state ${state.root}; start it with "relayfleet local"`;
  return targetOfReadyFile(ready, request);
}

export function targetOfReadyFile(ready: ReadyFile, { platform, node, tls }: TargetRequest): Target | string {
  const chosen = ready.platforms.find((candidate) => platform === undefined || refKey(candidate) === refKey(platform));
  const domain = chosen?.domains[0];
  if (chosen === undefined || domain === undefined)
    return platform === undefined
      ? 'no platform may send now; see "relayfleet status"'
      : `platform ${refKey(platform)} may not send now; see "relayfleet status"`;
  const listener = ready.listeners.find(
    (candidate) => candidate.tls === tls && (node === undefined || candidate.node === node),
  );
  if (listener === undefined)
    return `no listener with ${tls === 'implicit' ? 'TLS from the first byte' : 'STARTTLS'}${node === undefined ? '' : ` on ${node}`}; nodes are ${[...new Set(ready.listeners.map((l) => l.node))].join(', ')}`;
  const { host, port } = listener;
  const ca = readCa(ready);
  return {
    host,
    port,
    tls,
    user: chosen.user,
    password: chosen.password,
    ...(ca === undefined ? {} : { ca }),
    from: senderOf(domain),
  };
}

async function targetOfBinding(
  call: Call,
  terminal: Terminal,
  { platform, tls }: TargetRequest,
): Promise<Target | string> {
  const source = openSource(call, terminal);
  const namespace = platform?.namespace ?? call.text('namespace') ?? (await source.namespace());
  const platforms = await source.resources('SenderPlatform', { namespace, all: false });
  const chosen = platforms.find((candidate) => platform === undefined || candidate.metadata.name === platform.name);
  if (chosen?.kind !== 'SenderPlatform')
    return `no SenderPlatform${platform === undefined ? '' : ` ${platform.name}`} in namespace ${namespace}; name one with --platform NAMESPACE/NAME`;
  const name = chosen.status?.binding?.name;
  const binding = name === undefined ? undefined : await source.secret({ namespace, name });
  if (binding === undefined)
    return `SenderPlatform ${namespace}/${chosen.metadata.name} has no binding Secret yet; see "relayfleet status splat ${chosen.metadata.name} -n ${namespace}"`;
  const { host = '', username = '', password = '', domains = '', 'ca.crt': ca } = binding;
  const port = Number(tls === 'implicit' ? binding['port'] : binding['starttls-port']);
  const from = senderOf({ domain: domains.split(',')[0] ?? '', from: chosen.spec.domainRefs[0]?.from ?? ['*'] });
  return { host, port, tls, user: username, password, ...(ca === undefined ? {} : { ca }), from };
}
