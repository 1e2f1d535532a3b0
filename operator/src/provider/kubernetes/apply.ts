// Server-side apply, the way everything is written but one: the fields we name become ours, everybody else's stay.
// One field manager per concern, so that taking a field out of one concern never removes what another set.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
import type { ObjectMeta } from '@relayfleet/contract/api/object-meta.ts';
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { finalizerOf, type WantedSecret, type WantedStatus } from '../../plan.ts';
import type { Kind } from '../../world.ts';
import type { Api, ApiAnswer } from './http.ts';
import { objectPath, resources, type Resource } from './resources.ts';

/** Owners of fields: Secrets we make, statuses, the high-water mark noted on a Secret, and finalizers. */
export type FieldManager =
  'relayfleet-operator' | 'relayfleet-status' | 'relayfleet-generation' | 'relayfleet-finalizer';

/** `uid`: only if it is still that very object, and not its successor under the same name. */
export type StatusTarget = { readonly wanted: WantedStatus; readonly uid: string };

export function applySecret(api: Api, wanted: WantedSecret): Promise<ApiAnswer> {
  const { ref, type, owner, labels, annotations, data } = wanted;
  const ownerReferences = [{ apiVersion: resources[owner.kind].apiVersion, ...owner, controller: true }];
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return apply(api, resources.Secret, ref, {
    manager: 'relayfleet-operator',
    body: { metadata: { labels, annotations, ownerReferences }, type, data: Object.fromEntries(encoded) },
  });
}

export function applyStatus(api: Api, { wanted, uid }: StatusTarget): Promise<ApiAnswer> {
  return apply(api, resources[wanted.kind], wanted.ref, {
    manager: 'relayfleet-status',
    subresource: 'status',
    body: { metadata: { uid }, status: wanted.status },
  });
}

/** The Secret must exist: its uid is a precondition, so that none is made that holds nothing else. */
export function applyAnnotations(
  api: Api,
  target: { readonly ref: ObjectRef; readonly uid: string },
  annotations: Readonly<Record<string, string>>,
): Promise<ApiAnswer> {
  return apply(api, resources.Secret, target.ref, {
    manager: 'relayfleet-generation',
    body: { metadata: { uid: target.uid, annotations } },
  });
}

/** Only on that very object: the uid is a precondition, so that none is made that is nothing but a finalizer. */
export function applyFinalizer(
  api: Api,
  { kind, ref, uid }: { readonly kind: Kind; readonly ref: ObjectRef; readonly uid: string },
): Promise<ApiAnswer> {
  return apply(api, resources[kind], ref, {
    manager: 'relayfleet-finalizer',
    body: { metadata: { uid, finalizers: [finalizerOf[kind]] } },
  });
}

/**
 * Takes our finalizer away whoever else owns the field by now, which an apply would not: an object restored from a backup, or
 * applied as it was read, has it from there, and its deletion would never end.
 */
export function removeFinalizer(
  api: Api,
  { kind, metadata }: { readonly kind: Kind; readonly metadata: ObjectMeta },
): Promise<ApiAnswer> {
  const { namespace, name, uid, resourceVersion } = metadata;
  const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== finalizerOf[kind]);
  return api.request({
    method: 'PATCH',
    path: objectPath(resources[kind], { namespace, name }),
    query: { fieldManager: 'relayfleet-finalizer' satisfies FieldManager },
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion, finalizers } },
  });
}

type Applied = {
  readonly manager: FieldManager;
  readonly subresource?: 'status';
  readonly body: { readonly metadata?: object; readonly [field: string]: unknown };
};

function apply(
  api: Api,
  resource: Resource,
  ref: ObjectRef,
  { manager, subresource, body }: Applied,
): Promise<ApiAnswer> {
  const path = objectPath(resource, ref);
  return api.request({
    method: 'PATCH',
    path: subresource ? `${path}/${subresource}` : path,
    query: { fieldManager: manager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: {
      ...body,
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      metadata: { ...body.metadata, name: ref.name, namespace: ref.namespace },
    },
  });
}
