// How a Kubernetes object is named inside contract documents, subjects and metrics.
// Decides the one spelling of a reference; knows nothing of the object behind it.
import { z } from 'zod';

export const objectRefSchema = z.object({ namespace: z.string().min(1).max(63), name: z.string().min(1).max(253) });
/** Namespace and name of an object whose kind is clear from where the reference stands. */
export type ObjectRef = Readonly<z.infer<typeof objectRefSchema>>;

/** `namespace/name`, as kubectl prints it. */
export function refKey(ref: ObjectRef): string {
  return `${ref.namespace}/${ref.name}`;
}

/** Reads `namespace/name`; undefined when it is not one. */
export function parseRefKey(key: string): ObjectRef | undefined {
  const [namespace, name, ...rest] = key.split('/');
  if (!namespace || !name || rest.length > 0) return undefined;
  return { namespace, name };
}
