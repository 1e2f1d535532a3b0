// Kubernetes' structural schemas, as far as the custom resources use them, and the parts of validation no JSON Schema library
// knows: unknown fields, nulls, and lists that are sets or maps. Words are the API server's, so that one manifest gets one
// message wherever it is applied; only the hint at the nearest known field is ours.

export type Schema = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly format?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly Rule[];
};

export type Rule = {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
};

export type JsonObject = { [key: string]: unknown };

/** A copy without the nulls that stand for "left out" (`tls:` with nothing behind it): the API server prunes them too. */
export function pruneNulls(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => pruneNulls(schema.items ?? {}, item));
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    const known = schema.properties?.[name];
    if (child !== null || known === undefined || known.nullable === true)
      kept[name] = pruneNulls(known ?? valueSchema(schema), child);
  }
  return kept;
}

/** One sentence per field that the schema does not have. */
export function unknownFields(schema: Schema, value: unknown, path = ''): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => unknownFields(schema.items ?? {}, item, `${path}[${index}]`));
  if (!isObject(value) || schema['x-kubernetes-preserve-unknown-fields'] === true) return [];
  const { properties } = schema;
  return Object.entries(value).flatMap(([name, child]) => {
    const at = joinPath(path, name);
    const known = properties?.[name];
    if (known !== undefined) return unknownFields(known, child, at);
    if (typeof schema.additionalProperties === 'object') return unknownFields(schema.additionalProperties, child, at);
    if (properties === undefined || schema.additionalProperties === true) return [];
    return [`unknown field "${at}"${hint(name, Object.keys(properties))}`];
  });
}

/** Duplicates in lists that are sets, or maps by some keys. */
export function duplicateItems(schema: Schema, value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, index) => duplicateItems(schema.items ?? {}, item, `${path}[${index}]`));
    return [...repeated(schema, value, path), ...inside];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    duplicateItems(schema.properties?.[name] ?? valueSchema(schema), child, joinPath(path, name)),
  );
}

/** The keys of one item of a list that is a map, as text; undefined when the list is none. */
export function itemKey(schema: Schema, item: unknown): string | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !isObject(item)) return undefined;
  return JSON.stringify(keysOf(schema, item));
}

/** The schema of the values of a free-form map. */
export function valueSchema(schema: Schema): Schema {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
}

/** `spec.listeners[0].name`; `metadata.labels[a.b/c]` where a name is no plain word. */
export function joinPath(path: string, name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it appears in a message: no mail address and no URL with a password ends up in a log or a status. */
export function showValue(value: unknown): string {
  if (isObject(value)) return '"object"';
  if (Array.isArray(value)) return '"array"';
  const text = JSON.stringify(value).replace(/[^\s"<]*@[^\s">]*/g, '***@***');
  return text.length > 200 ? `${text.slice(0, 200)}..."` : text;
}

/** `; did you mean "x"?` for a name that is one slip away from a known one; otherwise the known ones, if they are few. */
export function hint(name: string, known: readonly string[]): string {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  if (nearest && nearest.distance <= Math.max(2, name.length / 3)) return `; did you mean "${nearest.candidate}"?`;
  return known.length > 0 && known.length <= 12 ? `; known here: ${known.join(', ')}` : '';
}

function repeated(schema: Schema, items: readonly unknown[], path: string): string[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return [];
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const shown = JSON.stringify(listType === 'map' && isObject(item) ? keysOf(schema, item) : item);
    if (seen.has(shown)) return [`${path}[${index}]: Duplicate value: ${shown}`];
    seen.add(shown);
    return [];
  });
}

function keysOf(schema: Schema, item: JsonObject): JsonObject {
  return Object.fromEntries((schema['x-kubernetes-list-map-keys'] ?? []).map((key) => [key, item[key]]));
}

/** Levenshtein distance, two rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
