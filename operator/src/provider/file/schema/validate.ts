// Whether a document of a manifest is an object relayfleet can obey, decided as a kube-apiserver would at `kubectl apply`:
// kind and apiVersion, unknown fields, defaults, schema, then the CEL rules. Each refusal names the field and the remedy.
// Pure: the schemas come in, nothing is read here.
import type { ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { coreKinds, foldStringData, isSecretKey, type KindSchema } from './kinds.ts';
import { compileRules, type RuleCheck } from './rules.ts';
import { compileShape, type ShapeCheck } from './shape.ts';
import { duplicateItems, hint, isObject, pruneNulls, unknownFields, type JsonObject } from './structural.ts';

export type Identified =
  | { readonly ok: true; readonly kind: string; readonly ref: ObjectRef }
  | { readonly ok: false; readonly problem: string };

export type Validated =
  { readonly ok: true; readonly object: JsonObject } | { readonly ok: false; readonly problems: readonly string[] };

export type Validator = {
  /** Which object a document is about, even when the rest of it is wrong. A Namespace has namespace ''. */
  identify(document: unknown): Identified;
  /** The object with defaults applied, its status left out. `old` is the last good form, which transition rules compare with. */
  validate(document: unknown, old?: JsonObject): Validated;
};

/** The same validator, which checks a document once for as long as it is the same document and has the same predecessor. */
export function rememberResults(validator: Validator): Validator {
  const results = new WeakMap<object, { readonly old: JsonObject | undefined; readonly result: Validated }>();
  return {
    identify: (document) => validator.identify(document),
    validate(document, old) {
      const known = isObject(document) ? results.get(document) : undefined;
      if (known && known.old === old) return known.result;
      const result = validator.validate(document, old);
      if (isObject(document)) results.set(document, { old, result });
      return result;
    },
  };
}

type Checks = KindSchema & { readonly shape: ShapeCheck; readonly rules: RuleCheck };

export function createValidator(customKinds: readonly KindSchema[]): Validator {
  const kinds = new Map<string, Checks>();
  for (const known of [...customKinds, ...coreKinds])
    kinds.set(known.kind, {
      ...known,
      shape: compileShape(known.schema, { secret: known.secret }),
      rules: compileRules(known.schema),
    });
  return {
    identify: (document) => identify(kinds, document),
    validate(document, old) {
      const known = isObject(document) ? kinds.get(String(document['kind'])) : undefined;
      if (!known || !isObject(document)) throw new Error('validate needs a document that identify accepted');
      return validate(known, document, old);
    },
  };
}

function identify(kinds: ReadonlyMap<string, Checks>, document: unknown): Identified {
  const refuse = (problem: string): Identified => ({ ok: false, problem });
  if (!isObject(document)) return refuse('is not an object; write apiVersion, kind, metadata and spec');
  const kind = document['kind'];
  if (typeof kind !== 'string') return refuse(`has no kind; write one of ${[...kinds.keys()].join(', ')}`);
  const known = kinds.get(kind);
  if (!known) return refuse(`has the unknown kind "${kind}"${hint(kind, [...kinds.keys()])}`);
  const metadata = isObject(document['metadata']) ? document['metadata'] : {};
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '')
    return refuse(`(${kind}) has no metadata.name; give the object a name in lower case`);
  if (!known.namespaced) return { ok: true, kind, ref: { namespace: '', name } };
  return { ok: true, kind, ref: { namespace: typeof namespace === 'string' ? namespace : 'default', name } };
}

function validate(known: Checks, document: JsonObject, old: JsonObject | undefined): Validated {
  const { status: _status, ...written } = document;
  const fields = [...wrongApiVersion(known, document), ...unknownFields(known.schema, written)];
  const object = structuredClone(pruneNulls(known.schema, written)) as JsonObject;
  const shape = [...wrongName(known, object), ...wrongKeys(known, object), ...known.shape(object)];
  shape.push(...duplicateItems(known.schema, object));
  // Rules are written for objects of the right shape: on others they would only add noise.
  const rules = fields.length + shape.length > 0 ? [] : known.rules(object, old);
  const problems = [...fields, ...shape, ...rules];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, object: known.kind === 'Secret' ? foldStringData(object) : object };
}

function wrongApiVersion(known: Checks, document: JsonObject): string[] {
  if (document['apiVersion'] === known.apiVersion) return [];
  const found = JSON.stringify(document['apiVersion'] ?? null);
  return [`apiVersion: Invalid value: ${found}: ${known.kind} is served as ${known.apiVersion}; write that`];
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${label}([.]${label})*$`); // RFC 1123 §2.1
const singleLabel = new RegExp(`^${label}$`);

function wrongName(known: Checks, object: JsonObject): string[] {
  const { name, namespace } = object['metadata'] as { name?: unknown; namespace?: unknown };
  const problems: string[] = [];
  if (typeof name === 'string' && (name.length > 253 || !subdomain.test(name)))
    problems.push(
      `metadata.name: Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')`,
    );
  if (typeof namespace !== 'string') return problems;
  if (!known.namespaced) problems.push(`metadata.namespace: Forbidden: ${known.kind} has no namespace; remove it`);
  else if (namespace.length > 63 || !singleLabel.test(namespace))
    problems.push(
      `metadata.namespace: Invalid value: ${JSON.stringify(namespace)}: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name')`,
    );
  return problems;
}

function wrongKeys(known: Checks, object: JsonObject): string[] {
  if (!known.secret) return [];
  return ['data', 'stringData'].flatMap((field) =>
    Object.keys(isObject(object[field]) ? object[field] : {})
      .filter((key) => !isSecretKey(key))
      .map(
        (key) =>
          `${field}: Invalid value: ${JSON.stringify(key)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name')`,
      ),
  );
}
