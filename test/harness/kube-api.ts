// A real kube-apiserver with etcd of one's own, and kubectl pointed at it: fresh directory and ports, no kubelet, no
// controllers. One administrator, by token. The server makes its own certificate. The caller stops it; nothing stays behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { obtainTools, progressToStderr } from '../../hack/tools/obtain.ts';
import { freePort } from './ports.ts';

export type KubeApiOptions = {
  /** Further flags of kube-apiserver, such as `--watch-cache=false`. */
  readonly flags?: readonly string[];
};

/** What kubectl said. */
export type KubectlResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** What the API server answered; `body` is the object or the metav1.Status, parsed. */
export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type KubeApi = {
  readonly url: string;
  readonly kubeconfigPath: string;
  /** The certificate the server is to be verified against. */
  readonly caFile: string;
  readonly token: string;
  readonly kubectlPath: string;
  /** Process ids of what runs now. */
  apiserverPid(): number;
  etcdPid(): number;
  /** Runs kubectl as the administrator, with `input` on its standard input. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlResult>;
  /** As `kubectl`, but throws with what kubectl said when it fails; returns its standard output. */
  mustKubectl(args: readonly string[], input?: string): Promise<string>;
  /** One request to the API, `path` from the root and with its query; bodies are JSON. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** Ends the API server, SIGKILL where asked; etcd stays. */
  stopApiServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts the API server again on the same port and data; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Stops and starts the API server. */
  restart(): Promise<void>;
  /** Ends both processes and removes the directory. */
  stop(): Promise<void>;
  /** The API server's log. */
  log(): Promise<string>;
};

/** Starts etcd and kube-apiserver; takes about ten seconds on two cores once the tools are there. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const site = await prepare(options);
  const etcd = launch(site.tools.etcd, etcdFlags(site), join(site.dir, 'etcd.log'));
  let apiserver = await startReadyServer(site).catch(async (error: unknown) => {
    await end(etcd, 'SIGKILL');
    throw error;
  });
  const stopApiServer = (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => end(apiserver, signal);
  const startApiServer = async () => {
    apiserver = await startReadyServer(site);
  };
  const kubectl = (args: readonly string[], input?: string) => runKubectl(site, args, input);
  return {
    url: site.url,
    kubeconfigPath: site.kubeconfig,
    caFile: site.caFile,
    token: site.token,
    kubectlPath: site.tools.kubectl,
    apiserverPid: () => apiserver.pid ?? 0,
    etcdPid: () => etcd.pid ?? 0,
    kubectl,
    mustKubectl: async (args, input) => {
      const { code, stdout, stderr } = await kubectl(args, input);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    call: (method, path, body) => call(site, { method, path, body }),
    stopApiServer,
    startApiServer,
    restart: async () => {
      await stopApiServer();
      await startApiServer();
    },
    stop: async () => {
      await end(apiserver, 'SIGKILL');
      await end(etcd, 'SIGKILL');
      await rm(site.dir, { recursive: true, force: true });
    },
    log: () => readFile(join(site.dir, 'apiserver.log'), 'utf8'),
  };
}

type Site = {
  readonly dir: string;
  readonly tools: { readonly etcd: string; readonly apiserver: string; readonly kubectl: string };
  readonly etcdPort: number;
  readonly apiPort: number;
  readonly url: string;
  readonly token: string;
  readonly caFile: string;
  readonly kubeconfig: string;
  readonly flags: readonly string[];
};

async function prepare(options: KubeApiOptions): Promise<Site> {
  const tools = await pinnedTools();
  const dir = await mkdtemp(join(tmpdir(), 'relayfleet-kube-api-'));
  const [etcdPort, apiPort] = await Promise.all([freePort(), freePort()]);
  const site: Site = {
    dir,
    tools,
    etcdPort,
    apiPort,
    url: `https://127.0.0.1:${apiPort}`,
    token: randomBytes(24).toString('hex'),
    caFile: join(dir, 'pki', 'apiserver.crt'),
    kubeconfig: join(dir, 'kubeconfig'),
    flags: options.flags ?? [],
  };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(join(dir, 'service-account.key'), privateKey, { mode: 0o600 });
  await writeFile(join(dir, 'service-account.pub'), publicKey);
  await writeFile(join(dir, 'tokens.csv'), `${site.token},admin,admin,system:masters\n`, { mode: 0o600 });
  await writeFile(site.kubeconfig, kubeconfig(site), { mode: 0o600 });
  return site;
}

async function pinnedTools(): Promise<Site['tools']> {
  const paths = await obtainTools(['etcd', 'kube-apiserver', 'kubectl'], { progress: progressToStderr });
  const [etcd, apiserver, kubectl] = [paths.get('etcd'), paths.get('kube-apiserver'), paths.get('kubectl')];
  if (!etcd || !apiserver || !kubectl) throw new Error('etcd, kube-apiserver, kubectl: obtained without a path');
  return { etcd, apiserver, kubectl };
}

/** JSON is YAML: kubectl and every client library read it. */
function kubeconfig(site: Site): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: site.url, 'certificate-authority': site.caFile } }],
    users: [{ name: 'admin', user: { token: site.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

function etcdFlags(site: Site): readonly string[] {
  const client = `http://127.0.0.1:${site.etcdPort}`;
  return [
    `--data-dir=${join(site.dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function apiserverFlags(site: Site): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${site.etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${site.apiPort}`,
    `--cert-dir=${join(site.dir, 'pki')}`,
    `--token-auth-file=${join(site.dir, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(site.dir, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(site.dir, 'service-account.key')}`,
    ...site.flags,
  ];
}

function launch(program: string, flags: readonly string[], logFile: string): ChildProcess {
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  child.stderr?.pipe(createWriteStream(logFile, { flags: 'a' }));
  return child;
}

const readyWithinMs = 120_000; // a busy two-core machine; ten seconds are usual

async function startReadyServer(site: Site): Promise<ChildProcess> {
  const logFile = join(site.dir, 'apiserver.log');
  const child = launch(site.tools.apiserver, apiserverFlags(site), logFile);
  for (let waited = 0; waited < readyWithinMs; waited += 100) {
    if (hasEnded(child)) throw new Error(`kube-apiserver ended: ${await lastLines(logFile)}`);
    if (await isReady(site)) return child;
    await delay(100);
  }
  await end(child, 'SIGKILL');
  throw new Error(`kube-apiserver is not ready after ${readyWithinMs / 1000} s: ${await lastLines(logFile)}`);
}

/** Ready, and the namespace that everything is created in first is there. */
async function isReady(site: Site): Promise<boolean> {
  if (!existsSync(site.caFile)) return false; // the server writes its certificate on the first start
  try {
    for (const path of ['/readyz', '/api/v1/namespaces/default'])
      if ((await call(site, { method: 'GET', path })).status !== 200) return false;
    return true;
  } catch {
    return false;
  }
}

type Call = { readonly method: string; readonly path: string; readonly body?: unknown };

async function call(site: Site, { method, path, body }: Call): Promise<ApiAnswer> {
  const headers = { authorization: `Bearer ${site.token}`, 'content-type': 'application/json' };
  const sent = request(`${site.url}${path}`, { method, headers, ca: await readFile(site.caFile), agent: false });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
}

async function runKubectl(site: Site, args: readonly string[], input = ''): Promise<KubectlResult> {
  const env = { ...process.env, KUBECONFIG: site.kubeconfig, HOME: site.dir }; // HOME: its discovery cache goes with us
  const child = spawn(site.tools.kubectl, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code ?? 1, stdout, stderr };
}

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function lastLines(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n').slice(-6).join('\n');
}
