// Where commands read objects and Secrets: the state directory of a local fleet, or a cluster through kubectl. The choice is
// made here, once, by the flags and by what is there.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { Call, Flag, Terminal } from './command.ts';
import type { Resource } from './resource.ts';
import { readReadyFile } from './local/ready-file.ts';
import { defaultState, stateDirectory, type StateDirectory } from './state-directory.ts';
import { createResourceReader } from './state-resources.ts';

export type Source = {
  /** Of one kind, in one namespace (undefined: the source's usual scope) or in all. */
  resources(kind: Resource['kind'], scope: Scope): Promise<readonly Resource[]>;
  /** Values as text. Undefined where there is no such Secret. */
  secret(ref: ObjectRef): Promise<Readonly<Record<string, string>> | undefined>;
  /** What is wrong with manifests that are in force in no form; a cluster refuses those to whoever applies them. */
  refused(): Promise<readonly string[]>;
  /** Why what is read may not be how it is now; undefined: it is. */
  stale(): string | undefined;
  /** Namespace meant where none is named. */
  namespace(): Promise<string>;
};

export type Scope = { readonly namespace: string | undefined; readonly all: boolean };

export const stateFlag: Flag = {
  name: 'state-dir',
  value: 'DIR',
  description: 'State directory of a local fleet.',
  otherwise: `./${defaultState}, if it is there`,
};

export const sourceFlags: readonly Flag[] = [
  stateFlag,
  { name: 'context', value: 'NAME', description: 'Ask a cluster, through kubectl with this context.' },
  { name: 'kubeconfig', value: 'FILE', description: 'Ask a cluster, through kubectl with this file.' },
];

export const namespaceFlag: Flag = {
  name: 'namespace',
  short: 'n',
  value: 'NAME',
  description: 'Look in this namespace.',
  otherwise: "every one of a local fleet, the context's of a cluster",
};
export const allNamespacesFlag: Flag = { name: 'all-namespaces', short: 'A', description: 'Look in every namespace.' };

export function scopeOf(call: Call): Scope {
  return { namespace: call.text('namespace'), all: call.isSet('all-namespaces') };
}

/** The local state the call means; undefined when it means a cluster. */
export function localState(call: Call, { cwd }: Terminal): StateDirectory | undefined {
  if (call.text('context') !== undefined || call.text('kubeconfig') !== undefined) return undefined;
  const named = call.text('state-dir');
  const state = stateDirectory(resolve(cwd, named ?? defaultState));
  return named !== undefined || existsSync(state.operator) ? state : undefined;
}

export function openSource(call: Call, terminal: Terminal): Source {
  const state = localState(call, terminal);
  return state === undefined ? kubectlSource(call) : stateSource(state);
}

function stateSource(state: StateDirectory): Source {
  if (!existsSync(state.operator))
    throw new Error(`${state.root} holds no local fleet; start one with "relayfleet local --state-dir ${state.root}"`);
  const reader = createResourceReader(state.operator);
  return {
    resources: async (wanted, { namespace, all }) =>
      reader
        .resources()
        .filter(
          ({ kind, metadata }) =>
            kind === wanted && (all || namespace === undefined || metadata.namespace === namespace),
        ),
    secret: async ({ namespace, name }) => readMount(join(state.mounts, namespace, name)),
    refused: async () => reader.refused(),
    stale: () =>
      readReadyFile(state.readyFile) === undefined
        ? `No fleet runs with state ${state.root}, or it is still starting: this is how it was left.`
        : undefined,
    namespace: async () => 'default',
  };
}

function readMount(directory: string): Readonly<Record<string, string>> | undefined {
  if (!existsSync(directory)) return undefined;
  const keys = readdirSync(directory).filter((name) => !name.startsWith('..'));
  return Object.fromEntries(keys.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

function kubectlSource(call: Call): Source {
  const flags = ['context', 'kubeconfig'].flatMap((name) => {
    const value = call.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const kubectl = (args: readonly string[]): Promise<string> => runKubectl([...flags, ...args]);
  return {
    resources: async (kind, { namespace, all }) => {
      const where = all ? ['--all-namespaces'] : namespace === undefined ? [] : [`--namespace=${namespace}`];
      const list = JSON.parse(await kubectl(['get', `${kind.toLowerCase()}s.relayfleet.io`, ...where, '-o', 'json']));
      return (list as { items: readonly Resource[] }).items;
    },
    secret: async ({ namespace, name }) => {
      const text = await kubectl([
        'get',
        'secret',
        name,
        `--namespace=${namespace}`,
        '--ignore-not-found',
        '-o',
        'json',
      ]);
      if (text.trim() === '') return undefined;
      const { data = {} } = JSON.parse(text) as { data?: Readonly<Record<string, string>> };
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
      );
    },
    refused: async () => [],
    stale: () => undefined,
    namespace: async () =>
      (await kubectl(['config', 'view', '--minify', '-o', 'jsonpath={..namespace}'])).trim() || 'default',
  };
}

async function runKubectl(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('kubectl', args, { maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    const words = stderr.trim().split('\n').at(-1) || String(error); // the last line says it; those before are its log
    const problem = code === 'ENOENT' ? 'there is no kubectl on PATH' : `kubectl says: ${words}`;
    throw new Error(
      `asked the cluster, since there is no local fleet in ./${defaultState} and none is named with --state-dir; ${problem}`,
    );
  }
}
