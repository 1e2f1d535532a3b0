// The kinds a manifest directory may hold and their schemas: the custom resources as their CRDs say, Secret and Namespace as far
// as relayfleet reads them. Reads CRD texts; refuses to know where they came from.
import { parse } from 'yaml';
import { isObject, type JsonObject, type Schema } from './structural.ts';

export type KindSchema = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Its values must not be shown. */
  readonly secret: boolean;
  readonly schema: Schema;
};

/** Schemas out of CustomResourceDefinition texts; throws when one is none, since nothing can be checked then. */
export function kindsFromCrds(texts: readonly string[]): readonly KindSchema[] {
  return texts.map((text) => {
    const crd = parse(text) as Crd | undefined;
    const version = crd?.spec?.versions?.find((candidate) => candidate.storage);
    const schema = version?.schema?.openAPIV3Schema;
    if (crd?.kind !== 'CustomResourceDefinition' || !version || !schema)
      throw new Error('a file that should be a CustomResourceDefinition is none or has no stored version');
    return {
      apiVersion: `${crd.spec.group}/${version.name}`,
      kind: crd.spec.names.kind,
      namespaced: true,
      secret: false,
      schema: withMetadata(schema),
    };
  });
}

const textMap: Schema = { type: 'object', additionalProperties: { type: 'string' } };

/** What the API server fills in: taken as exported by `kubectl get -o yaml`, and then ignored. */
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'selfLink',
];

/** metav1.ObjectMeta. */
const metadata: Schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    labels: textMap,
    annotations: textMap,
    ...Object.fromEntries(serverFields.map((name) => [name, { 'x-kubernetes-preserve-unknown-fields': true }])),
  },
};

const head: Readonly<Record<string, Schema>> = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata };

export const coreKinds: readonly KindSchema[] = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    namespaced: true,
    secret: true,
    schema: {
      type: 'object',
      properties: {
        ...head,
        type: { type: 'string' },
        immutable: { type: 'boolean' },
        data: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
        stringData: textMap,
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    namespaced: false,
    secret: false,
    schema: { type: 'object', properties: { ...head, spec: { 'x-kubernetes-preserve-unknown-fields': true } } },
  },
];

/** What Kubernetes takes as a key of a Secret; every one is a safe file name. */
export function isSecretKey(key: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..');
}

type Crd = {
  readonly kind?: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions?: readonly {
      readonly name: string;
      readonly storage: boolean;
      readonly schema?: { readonly openAPIV3Schema?: Schema };
    }[];
  };
};

/** A CRD says little about metadata; the API server knows the rest. What the CRD adds, such as a shorter name, holds. */
function withMetadata(schema: Schema): Schema {
  const own = schema.properties?.['metadata'];
  const properties: Record<string, Schema> = { ...metadata.properties };
  for (const [name, bound] of Object.entries(own?.properties ?? {}))
    properties[name] = { ...properties[name], ...bound };
  return { ...schema, properties: { ...head, ...schema.properties, metadata: { ...metadata, properties } } };
}

/** `stringData` folded into `data`, as the API server stores it. */
export function foldStringData(object: JsonObject): JsonObject {
  const { stringData, data, ...rest } = object;
  const folded: JsonObject = isObject(data) ? { ...data } : {};
  for (const [key, text] of Object.entries(isObject(stringData) ? stringData : {}))
    folded[key] = Buffer.from(String(text)).toString('base64');
  return { ...rest, data: folded };
}
