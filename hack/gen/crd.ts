// Reads a CustomResourceDefinition of crds/ into the parts the generators need: kind, fields, rules, columns.
// Refuses to know what is made of it. Validity is the API server's word (test/crds asks a real one).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export type Rule = { readonly rule: string; readonly message: string };

/** An OpenAPI v3 schema as CustomResourceDefinitions allow it (structural, apiextensions.k8s.io/v1). */
export type Schema = {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-type'?: 'set' | 'map' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly Rule[];
};

export type Column = {
  readonly name: string;
  readonly description?: string;
  readonly jsonPath: string;
  readonly priority?: number;
};

export type Crd = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly columns: readonly Column[];
  readonly schema: Schema;
  /** Path of the file below the repository's root. */
  readonly file: string;
};

export const crdFiles = ['crds/relayfleet.yaml', 'crds/relaydomain.yaml', 'crds/senderplatform.yaml'] as const;

/** Reads one file of `crdFiles`; throws when it is not a CustomResourceDefinition with one version. */
export function readCrd(root: string, file: string): Crd {
  const document: Definition = parse(readFileSync(join(root, file), 'utf8'));
  const [version] = document.spec.versions;
  if (version === undefined) throw new Error(`${file}: no version`);
  return {
    group: document.spec.group,
    version: version.name,
    kind: document.spec.names.kind,
    plural: document.spec.names.plural,
    shortName: document.spec.names.shortNames[0] ?? '',
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
    file,
  };
}

/** Fields of `schema` that it describes but a rule refuses altogether: designed, not available yet. Field -> message. */
export function refusedFields(schema: Schema): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
    const field = /^!has\(self\.(\w+)\)$/.exec(rule)?.[1];
    if (field !== undefined) refused.set(field, message);
  }
  return refused;
}

/** Whether `field` is there once defaults are applied. */
export function isAlwaysPresent(schema: Schema, field: string): boolean {
  return (schema.required ?? []).includes(field) || schema.properties?.[field]?.default !== undefined;
}

type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string; readonly shortNames: readonly string[] };
    readonly versions: readonly {
      readonly name: string;
      readonly additionalPrinterColumns: readonly Column[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
};
