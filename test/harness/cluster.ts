// A cluster as far as relayfleet needs one: a real API server with our kinds, a real nats-server beside it, and the operator as
// a process with a kubeconfig. What a kubelet would mount is read from the API server and written to disk.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startKubeApi, type KubeApi } from './kube-api.ts';
import type { Manifest } from './manifests.ts';
import { startNats, type NatsServer } from './nats.ts';
import { startNode, startOperator, type NodeOptions, type RunningNode, type Started } from './programs.ts';
import { until } from './until.ts';

export type Cluster = {
  readonly api: KubeApi;
  readonly nats: NatsServer;
  readonly operator: Started;
  readonly directory: string;
  /** `kubectl apply --server-side -f -` of some manifests. */
  readonly apply: (...manifests: readonly Manifest[]) => Promise<void>;
  /** `kubectl wait` for a condition of an object, such as `rfleet/default`. Rejects with what the object says instead. */
  condition(namespace: string, object: string, condition: string, withinMs?: number): Promise<void>;
  /** The object as stored, once it is there. */
  read<T>(namespace: string, object: string, withinMs?: number): Promise<T>;
  /** A Secret's values, once it is there. */
  secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>>;
  /** A directory with one file per key, as a mounted Secret. */
  readonly mount: (namespace: string, name: string) => Promise<string>;
};

/** Ends with the test; about 15 seconds to start. */
export async function startCluster(t: TestContext, namespaces: readonly string[]): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'relayfleet-cluster-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [api, nats] = await Promise.all([startKubeApi(), startNats()]);
  t.after(() => Promise.all([api.stop(), nats.stop()]));
  await api.mustKubectl(['apply', '-f', 'crds/']);
  await api.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  for (const namespace of namespaces) await api.mustKubectl(['create', 'namespace', namespace]);
  const operator = await startOperator(
    { t, directory },
    { RELAYFLEET_PROVIDER: 'kubernetes', KUBECONFIG: api.kubeconfigPath },
  );
  await operator.untilReady();

  const find = async (namespace: string, object: string): Promise<string | undefined> => {
    const { code, stdout } = await api.kubectl(['get', object, '-n', namespace, '-o', 'json']);
    return code === 0 ? stdout : undefined;
  };
  const read = async <T>(namespace: string, object: string, withinMs = 30_000): Promise<T> =>
    JSON.parse(
      await until(`${object} in ${namespace}`, () => find(namespace, object), { withinMs, everyMs: 200 }),
    ) as T;
  const secret: Cluster['secret'] = async (namespace, name) => {
    const { data = {} } = await read<{ data?: Record<string, string> }>(namespace, `secret/${name}`);
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  };
  return {
    api,
    nats,
    operator,
    directory,
    read,
    secret,
    apply: async (...manifests) => {
      const list = { apiVersion: 'v1', kind: 'List', items: manifests };
      await api.mustKubectl(['apply', '--server-side', '--field-manager=test', '-f', '-'], JSON.stringify(list));
    },
    condition: async (namespace, object, condition, withinMs = 60_000) => {
      const timeout = `--timeout=${Math.round(withinMs / 1000)}s`;
      const { code, stderr } = await api.kubectl([
        'wait',
        `--for=condition=${condition}`,
        object,
        '-n',
        namespace,
        timeout,
      ]);
      if (code !== 0) throw new Error(`${object} ${condition}: ${stderr}\n${await find(namespace, object)}`);
    },
    mount: async (namespace, name) => {
      const path = join(directory, 'mounts', namespace, name);
      const values = await secret(namespace, name);
      mkdirSync(path, { recursive: true });
      for (const [key, value] of Object.entries(values)) writeFileSync(join(path, key), value, { mode: 0o600 });
      return path;
    },
  };
}

/** A Secret with a NATS user, as RelayFleet names it. */
export function natsUser(namespace: string, name: string, user: NatsServer['users']['node']): Manifest {
  const metadata = { namespace, name };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/basic-auth', stringData: { ...user } };
}

/** From the Secrets of RelayFleet relayfleet-system/default, as pods would be. `first` are the ports of the first one. */
export async function startTwoNodes(
  t: TestContext,
  { mount, directory }: Cluster,
  first: Pick<NodeOptions, 'implicitPort' | 'startTlsPort'>,
): Promise<readonly RunningNode[]> {
  const mounts = {
    bootstrap: await mount('relayfleet-system', 'default-bootstrap'),
    tls: await mount('relayfleet-system', 'default-listener-tls'),
  };
  const nodes = [
    await startNode({ t, directory }, { ...mounts, ...first, name: 'node-1' }),
    await startNode({ t, directory }, { ...mounts, name: 'node-2' }),
  ];
  for (const node of nodes) await node.untilReady();
  return nodes;
}
