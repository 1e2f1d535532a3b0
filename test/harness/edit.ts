// Edits of a running fleet's manifests: what a test says replaces the usual object of that kind, everything else stays.
import type { Fleet } from './fleet.ts';
import { usualManifests, type Manifest } from './manifests.ts';

/** Writes the usual manifests with `changed` in place of those of the same kind, or besides. */
export function edit({ apply, receiver }: Pick<Fleet, 'apply' | 'receiver'>, ...changed: readonly Manifest[]): void {
  apply('fleet.yaml', withChanges(usualManifests({ host: '127.0.0.1', port: receiver.port }), changed));
}

/** Writes the usual manifests without those of this kind. */
export function remove({ apply, receiver }: Pick<Fleet, 'apply' | 'receiver'>, kind: string): void {
  const left = usualManifests({ host: '127.0.0.1', port: receiver.port }).filter(
    (manifest) => manifest['kind'] !== kind,
  );
  apply('fleet.yaml', left);
}

export function annotated(manifest: Manifest, annotations: Readonly<Record<string, string>>): Manifest {
  return { ...manifest, metadata: { ...(manifest['metadata'] as Manifest), annotations } };
}

function withChanges(manifests: readonly Manifest[], changed: readonly Manifest[]): readonly Manifest[] {
  const kinds = new Set(changed.map((manifest) => manifest['kind']));
  return [...manifests.filter((manifest) => !kinds.has(manifest['kind'])), ...changed];
}
