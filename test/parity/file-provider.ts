// The file provider's validation over the CRDs as they stand, for comparing it with the API server's.
// Knows nothing of the API server: what that one says is in test/crds.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindsFromCrds } from '../../operator/src/provider/file/schema/kinds.ts';
import { createValidator, type Validated } from '../../operator/src/provider/file/schema/validate.ts';
import { root, yamlFiles, type Manifest } from '../crds/manifests.ts';

const crds = yamlFiles('crds').filter((file) => !file.includes('samples'));
const validator = createValidator(kindsFromCrds(crds.map((file) => readFileSync(join(root, file), 'utf8'))));

/** Each manifest as the successor of those before it that are about the same object; what is said of the last. */
export function judge(manifests: readonly Manifest[]): Validated {
  const inForce = new Map<string, Extract<Validated, { ok: true }>['object']>();
  let last: Validated = { ok: false, problems: ['no manifest'] };
  for (const manifest of manifests) {
    const identity = validator.identify(manifest);
    if (!identity.ok) return { ok: false, problems: [identity.problem] };
    const key = `${identity.kind}/${identity.ref.namespace}/${identity.ref.name}`;
    last = validator.validate(manifest, inForce.get(key));
    if (last.ok) inForce.set(key, last.object);
  }
  return last;
}
