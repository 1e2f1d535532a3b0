// Whether an object is stopped, and why. Either is enough: GitOps keeps the field, an incident tool sets the annotation,
// and neither overwrites the other. Refuses to know what stopping means; the relay nodes do.
import type { ObjectMeta } from '@relayfleet/contract/api/object-meta.ts';
import type { Suspension } from './resolved.ts';

export const suspendedAnnotation = 'relayfleet.io/suspended';

const longestReason = 256; // as the snapshot allows

/** The annotation's value is the reason; `true` and an empty value give none, `false` is no suspension. */
export function suspensionOf(object: {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly suspended: boolean };
}): Suspension {
  const annotation = object.metadata.annotations?.[suspendedAnnotation]?.trim();
  if (annotation !== undefined && annotation !== 'false')
    return { reason: annotation === '' || annotation === 'true' ? 'no reason given' : cut(annotation) };
  return object.spec.suspended ? { reason: 'spec.suspended is true' } : null;
}

function cut(reason: string): string {
  return reason.length <= longestReason ? reason : `${reason.slice(0, longestReason - 1)}…`;
}
