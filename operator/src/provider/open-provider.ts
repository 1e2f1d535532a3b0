// Makes the provider the configuration names, or says what stands against it: a directory that is not there, CRDs that cannot be
// read, no kubeconfig. Everything that can be found out before the operator runs is found out here.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { errorCode, fileProblem, writeAtomically } from './file/atomic-write.ts';
import { createFileProvider, type FileProviderEvents } from './file/file-provider.ts';
import { kindsFromCrds } from './file/schema/kinds.ts';
import { createValidator, type Validator } from './file/schema/validate.ts';
import type { CollectionEvents } from './kubernetes/collections.ts';
import type { Provider } from './provider.ts';

export type ProviderDeps = {
  readonly events: FileProviderEvents &
    Omit<CollectionEvents, 'changed'> & {
      apiAnswered(answer: { readonly code: string; readonly method: string; readonly host: string }): void;
    };
  readonly now: () => number;
  readonly newUid: () => string;
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly monotonic: () => number;
};

export type Opened =
  { readonly ok: true; readonly provider: Provider } | { readonly ok: false; readonly problems: readonly string[] };

export function openProvider(config: Config['provider'], deps: ProviderDeps): Promise<Opened> {
  return config.kind === 'file' ? openFiles(config, deps) : openCluster(deps);
}

async function openFiles(
  { manifests, state, crds }: Extract<Config['provider'], { kind: 'file' }>,
  deps: ProviderDeps,
): Promise<Opened> {
  const problems: string[] = [];
  const attempt = async <T>(name: string, task: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await task();
    } catch (cause) {
      problems.push(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      return undefined;
    }
  };
  for (const directory of manifests) await attempt('RELAYFLEET_MANIFESTS', () => mustBeDirectory(directory));
  await attempt('RELAYFLEET_STATE', () => mustBeWritable(state));
  const validator = await attempt('RELAYFLEET_CRDS', () => readValidator(crds));
  if (!validator || problems.length > 0) return { ok: false, problems };
  return { ok: true, provider: createFileProvider({ ...deps, manifests, state, validator }) };
}

/** What manifests are checked against; rejects when a CRD is missing or cannot be used. */
export async function readValidator(crds: string): Promise<Validator> {
  const names = (await readdir(crds).catch(explained(crds))).filter((name) => name.endsWith('.yaml'));
  if (names.length === 0) throw new Error(`${crds} holds no CRDs (*.yaml)`);
  const texts = await Promise.all(names.map((name) => readFile(join(crds, name), 'utf8')));
  return createValidator(kindsFromCrds(texts));
}

/** The client library takes most of a second to load, and a machine without a cluster never needs it. */
async function openCluster(deps: ProviderDeps): Promise<Opened> {
  const { loadKubeConfig } = await import('./kubernetes/kube-config.ts');
  const { createApi } = await import('./kubernetes/http.ts');
  const { createKubernetesProvider } = await import('./kubernetes/kubernetes-provider.ts');
  const loaded = loadKubeConfig();
  if (!loaded.ok) return { ok: false, problems: [loaded.problem] };
  const api = createApi(loaded.kubeConfig, {
    monotonic: deps.monotonic,
    onAnswer: (answer) => deps.events.apiAnswered(answer),
  });
  return { ok: true, provider: createKubernetesProvider({ ...deps, api }) };
}

async function mustBeDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(explained(path));
  if (!found.isDirectory()) throw new Error(`${path} is not a directory`);
}

async function mustBeWritable(path: string): Promise<void> {
  await makeDirectory(path);
  await writeAtomically(join(path, 'writable'), '', { mode: 0o600, durable: true });
}

/** With every one above it that is missing, one by one: Node's recursive mkdir never returns below /proc. */
async function makeDirectory(path: string): Promise<void> {
  if (!(await isMissing(path))) return;
  await makeDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT')
      throw new Error(`${path}: no directory can be made there; name one on a disk`, { cause });
    return explained(path)(cause);
  });
}

function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (cause: unknown) => errorCode(cause) === 'ENOENT' || explained(path)(cause),
  );
}

function explained(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`${path}: ${fileProblem(cause)}`, { cause });
  };
}
