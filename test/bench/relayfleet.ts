// relayfleet as contender: the local fleet with one node, everything on, as `npm start` runs it, its mail routed to the receiver.
// The node is pinned to the contender's processor. Its nats-server, which several nodes share, runs beside the load on the other
// one, or beside the node: both are measured, and its CPU time is counted either way. Operator, DNS server and supervisor, which
// no other contender has, are not part of the comparison.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ReadyFile } from '../../cli/src/local/ready-file.ts';
import type { Contender, ContenderOptions } from './contender.ts';

const root = join(import.meta.dirname, '../..');
const startSeconds = 120;

export type RelayfleetOptions = {
  readonly name: string;
  /** The processor of its nats-server. */
  readonly natsCpu: number;
  /** Where the node writes a CPU profile. */
  readonly profile?: string | undefined;
  /** A second route: mail to `deadDomain` goes to this port of ours. */
  readonly deadPort?: number;
};

export async function startRelayfleet(
  options: ContenderOptions,
  { name, natsCpu, profile, deadPort }: RelayfleetOptions,
): Promise<Contender> {
  const [manifests, readyFile] = [join(options.directory, 'manifests'), join(options.directory, 'ready.json')];
  mkdirSync(manifests, { recursive: true });
  writeFileSync(join(manifests, 'bench.yaml'), manifest(options, deadPort));
  const flags = [
    '--no-receiver',
    '--nodes',
    '1',
    '--state-dir',
    join(options.directory, 'state'),
    '--dir',
    manifests,
    '--ready-file',
    readyFile,
  ];
  const child = spawn(
    'taskset',
    ['-c', String(options.cpu), process.execPath, join(root, 'cli/src/main.ts'), 'local', ...flags],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
      },
    },
  );
  const ready = await readyAs(readyFile, child);
  const listener = ready.listeners.find(({ tls }) => tls === (options.tls ? 'starttls' : 'implicit'));
  const platform = ready.platforms[0];
  if (!listener || !platform) throw new Error('the local fleet offers no listener or platform');
  const pids = (wanted: (name: string) => boolean) =>
    ready.parts.filter(({ name }) => wanted(name)).map(({ pid }) => pid);
  const [relay, nats] = [pids((name) => name.startsWith('node-')), pids((name) => name === 'nats-server')];
  const pin = (cpu: number) => (pid: number) => execFileSync('taskset', ['-a', '-p', '-c', String(cpu), String(pid)]);
  relay.forEach(pin(options.cpu));
  nats.forEach(pin(natsCpu));
  return {
    name,
    client: {
      port: listener.port,
      tls: options.tls ? 'starttls' : 'implicit', // a password is taken under TLS only, whatever the next hop is
      auth: { user: platform.user, password: platform.password },
    },
    processes: {
      relay: pids((name) => name.startsWith('node-')),
      'nats-server': pids((name) => name === 'nats-server'),
    },
    stop: async () => {
      child.kill('SIGINT');
      await Promise.race([new Promise((resolve) => child.once('exit', resolve)), wait(20_000)]);
      child.kill('SIGKILL');
    },
  };
}

async function readyAs(file: string, child: { readonly exitCode: number | null }): Promise<ReadyFile> {
  for (let attempt = 0; attempt < startSeconds * 10; attempt++) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ReadyFile;
    if (child.exitCode !== null) throw new Error('the local fleet ended before it was ready');
    await wait(100);
  }
  throw new Error(`the local fleet was not ready after ${startSeconds} s`);
}

/** Its mail goes nowhere until somebody listens there. */
export const deadDomain = 'dead.example';

function manifest({ receiverPort, tls, dkimKey }: ContenderOptions, deadPort: number | undefined): string {
  const dead = `    - name: dead
      recipientDomains: [${deadDomain}]
      smarthosts: [{ host: 127.0.0.1, port: ${deadPort} }]
`;
  return `apiVersion: relayfleet.io/v1alpha1
kind: RelayFleet
metadata: { name: default, namespace: relayfleet-system }
spec:
  hostname: localhost
  limits: { maxConnections: 4000 } # one address may hold half of them
  allowedDomains: { namespaces: { from: All } }
  egress: { addresses: ['127.0.0.1'], allowedPrivateNetworks: ['127.0.0.0/8'] }
  nats:
    url: nats://127.0.0.1:4222
    operatorCredentialsRef: { name: nats-operator }
    nodeCredentialsRef: { name: nats-node }
---
apiVersion: v1
kind: Namespace
metadata: { name: bench }
---
apiVersion: v1
kind: Secret
metadata: { name: dkim, namespace: bench }
stringData:
  private-key: |
${dkimKey.replace(/^/gm, '    ').trimEnd()}
---
apiVersion: relayfleet.io/v1alpha1
kind: RelayDomain
metadata: { name: bench, namespace: bench }
spec:
  domain: bench.example
  dkim: { keyRefs: [{ selector: bench, name: dkim }] }
  tls: { mode: ${tls ? 'Require' : 'Opportunistic'} }
  routes:
${deadPort === undefined ? '' : dead}    - name: receiver
      smarthosts: [{ host: 127.0.0.1, port: ${receiverPort} }]
---
apiVersion: relayfleet.io/v1alpha1
kind: SenderPlatform
metadata: { name: load, namespace: bench }
spec: { domainRefs: [{ name: bench }] }
`;
}
