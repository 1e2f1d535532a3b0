// The Secrets relayfleet owns, as files: `<state>/secrets/<namespace>/<name>.yaml`; those that nodes and applications read are
// mounted directories besides.
// A file that cannot be read stays an empty Secret: what was in it is never made anew behind its owner's back.
// Removing a file is `kubectl delete secret`: it is gone at the next look.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { parse, stringify } from 'yaml';
import { ownedSuffixes } from '../../owned-secrets.ts';
import type { WantedSecret } from '../../plan.ts';
import { errorCode, writeAtomically } from './atomic-write.ts';
import { materialise, removeMount } from './mounts.ts';
import { forEachOf } from './turns.ts';
import { isSecretKey } from './schema/kinds.ts';
import { isObject } from './schema/structural.ts';

export type SecretFiles = {
  /** By `namespace/name`; an unchanged Secret stays the same object. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Reads what changed on disk; returns whether anything did. */
  look(): Promise<boolean>;
  apply(wanted: WantedSecret): Promise<void>;
  annotate(ref: ObjectRef, annotations: Readonly<Record<string, string>>): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
};

export type SecretFilesDeps = {
  readonly state: string;
  readonly now: () => number;
  readonly newUid: () => string;
  readonly onUnreadable: (path: string, problem: string) => void;
};

export function createSecretFiles(deps: SecretFilesDeps): SecretFiles {
  const root = join(deps.state, 'secrets');
  const secrets = new Map<string, Secret>();
  const stamps = new Map<string, string>();
  const fileOf = (ref: ObjectRef) => join(root, ref.namespace, `${ref.name}.yaml`);
  const mountOf = (ref: ObjectRef) => mountDirectory(deps.state, ref);

  async function store(secret: Secret): Promise<void> {
    const { namespace, name } = secret.metadata;
    const ref = { namespace, name };
    // Keys that mail is signed with, and the generation that must never go back: both must outlive a power cut.
    await writeAtomically(fileOf(ref), stringify(secret, { lineWidth: 0 }), { mode: 0o600, durable: true });
    stamps.set(refKey(ref), stampOf(await stat(fileOf(ref))));
    secrets.set(refKey(ref), secret);
    await mount(secret);
  }

  async function mount(secret: Secret): Promise<void> {
    if (isMounted(secret)) await materialise(mountOf(secret.metadata), contentOf(secret), deps.newUid());
  }

  async function lookAt(ref: ObjectRef): Promise<boolean> {
    const path = fileOf(ref);
    const stamp = stampOf(await stat(path));
    if (stamps.get(refKey(ref)) === stamp) return false;
    const read = parseSecret(await readFile(path, 'utf8'), ref);
    if (!read.ok) deps.onUnreadable(path, read.problem);
    stamps.set(refKey(ref), stamp);
    secrets.set(refKey(ref), read.secret);
    await mount(read.secret);
    return true;
  }

  return {
    secrets,
    async look() {
      const present = await listRefs(root);
      const keys = new Set(present.map(refKey));
      let changed = false;
      await forEachOf(present, async (ref) => {
        if (await lookAt(ref)) changed = true;
      });
      for (const key of secrets.keys()) {
        if (keys.has(key)) continue;
        stamps.delete(key);
        changed = secrets.delete(key) || changed;
      }
      return changed;
    },
    async apply(wanted) {
      const held = secrets.get(refKey(wanted.ref));
      const next = toSecret(wanted, held, { now: deps.now(), newUid: deps.newUid });
      if (held === undefined || !isDeepStrictEqual(held, next)) await store(next);
    },
    async annotate(ref, annotations) {
      const held = secrets.get(refKey(ref));
      if (!held) throw new Error(`Secret ${refKey(ref)} does not exist (any more)`);
      const { metadata } = held;
      await store({ ...held, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } });
    },
    async remove(ref) {
      await rm(fileOf(ref), { force: true });
      stamps.delete(refKey(ref));
      secrets.delete(refKey(ref));
      await removeMount(mountOf(ref));
    },
  };
}

/** Private keys that only the operator reads lie in one place. */
export function isMounted({ metadata }: Secret): boolean {
  return !unmounted.some((suffix) => metadata.name.endsWith(suffix));
}

const unmounted = [ownedSuffixes.keys, ownedSuffixes.dkim];

export function mountDirectory(state: string, { namespace, name }: ObjectRef): string {
  return join(state, 'mounts', namespace, name);
}

export function contentOf(secret: Secret): ReadonlyMap<string, Uint8Array> {
  const entries = Object.entries(secret.data).filter(([key]) => isSecretKey(key)); // a key becomes a file name
  return new Map(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

function toSecret(
  wanted: WantedSecret,
  held: Secret | undefined,
  { now, newUid }: { readonly now: number; readonly newUid: () => string },
): Secret {
  const { ref, type, owner, labels, annotations, data } = wanted;
  const created = new Date(now).toISOString().replace(/[.]\d+Z$/, 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...ref,
      uid: held?.metadata.uid || newUid(),
      generation: 0,
      creationTimestamp: held?.metadata.creationTimestamp || created,
      labels,
      // Notes others left stay, as they do under server-side apply.
      annotations: { ...held?.metadata.annotations, ...annotations },
      ownerReferences: [{ apiVersion: 'relayfleet.io/v1alpha1', ...owner, controller: true }],
    },
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  };
}

type ReadSecret =
  | { readonly ok: true; readonly secret: Secret }
  | { readonly ok: false; readonly secret: Secret; readonly problem: string };

function parseSecret(text: string, ref: ObjectRef): ReadSecret {
  const metadata = { ...ref, uid: '', generation: 0, creationTimestamp: '' };
  const empty: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: {} };
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return { ok: false, secret: empty, problem: 'is not valid YAML' };
  }
  if (!isObject(value) || !isObject(value['data']) || !isObject(value['metadata']))
    return { ok: false, secret: empty, problem: 'is not a Secret' };
  // Written by us; whatever a person put in besides is checked where it is used.
  return {
    ok: true,
    secret: { ...empty, ...value, metadata: { ...metadata, ...value['metadata'], ...ref } } as Secret,
  };
}

async function listRefs(root: string): Promise<readonly ObjectRef[]> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const namespaces = (await readdir(root)).filter((name) => !name.startsWith('.'));
  const lists = await Promise.all(
    namespaces.map(async (namespace) => {
      const names = await readdir(join(root, namespace)).catch((cause: unknown) => {
        if (errorCode(cause) === 'ENOTDIR' || errorCode(cause) === 'ENOENT') return [];
        throw cause;
      });
      return names
        .filter((name) => !name.startsWith('.') && name.endsWith('.yaml'))
        .map((name) => ({ namespace, name: name.slice(0, -'.yaml'.length) }));
    }),
  );
  return lists.flat();
}

function stampOf({ mtimeMs, size, ino }: { mtimeMs: number; size: number; ino: number }): string {
  return `${mtimeMs}|${size}|${ino}`;
}
