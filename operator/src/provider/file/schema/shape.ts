// Checks one object against a structural schema with ajv: types, bounds, enums, formats; and fills the defaults in.
// Says what is wrong in the API server's words (kube-openapi), which people already know from kubectl.
import { isIPv4, isIPv6 } from 'node:net';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { joinPath, showValue, type JsonObject, type Schema } from './structural.ts';

/** Fills defaults into `object` in place; returns one sentence per violation. */
export type ShapeCheck = (object: JsonObject) => readonly string[];

/** With `secret`, no value appears in a sentence. */
export function compileShape(schema: Schema, options: { readonly secret?: boolean } = {}): ShapeCheck {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    strict: false, // x-kubernetes-* keywords are read elsewhere
    unicodeRegExp: false, // patterns are RE2, in which `\-` is fine
    logger: false,
    formats: { ...integers, ...texts },
  });
  const validate: ValidateFunction = ajv.compile(schema);
  const show = options.secret ? () => '"***"' : showValue;
  return (object) => {
    if (validate(object)) return [];
    // What the branches of an anyOf say tells more than that none of them fits.
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'anyOf');
    return [...new Set(errors.map((error) => describe(error, dotted(error.instancePath, object), show)))];
  };
}

const integers = {
  int32: { type: 'number', validate: (value: number) => Number.isInteger(value) && Math.abs(value) < 2 ** 31 },
  int64: { type: 'number', validate: (value: number) => Number.isSafeInteger(value) },
} as const;

const texts = {
  'date-time': (text: string) => /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
  ipv4: (text: string) => isIPv4(text),
  ipv6: (text: string) => isIPv6(text),
  cidr: (text: string) => isCidr(text),
  byte: (text: string) =>
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, '')),
} as const;

function isCidr(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  if (!address || !bits || rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

type Violation = {
  readonly error: ErrorObject;
  readonly path: string;
  /** `path: `, or nothing at the root. */
  readonly at: string;
  readonly limit: string;
  /** The value as it may be shown. */
  readonly value: string;
};

function describe(error: ErrorObject, path: string, show: (value: unknown) => string): string {
  const at = path === '' ? '' : `${path}: `;
  const violation = { error, path, at, limit: String(error.params['limit']), value: show(error.data) };
  return sentences[error.keyword]?.(violation) ?? invalid(violation, error.message ?? 'is not valid');
}

const sentences: Readonly<Record<string, (violation: Violation) => string>> = {
  required: ({ error, path }) => `${joinPath(path, String(error.params['missingProperty']))}: Required value`,
  enum: ({ error, at, value }) => `${at}Unsupported value: ${value}: supported values: ${allowedValues(error)}`,
  type: ({ error, path }) => wrongType(error, path),
  maxLength: ({ at, limit }) => `${at}Too long: may not be more than ${limit} bytes`,
  maxItems: ({ error, at, limit }) => `${at}Too many: ${count(error)}: must have at most ${limit} items`,
  maxProperties: ({ error, at, limit }) => `${at}Too many: ${count(error)}: must have at most ${limit} items`,
  minLength: (violation) => invalid(violation, `should be at least ${violation.limit} chars long`),
  minItems: (violation) => tooFew(violation, 'items'),
  minProperties: (violation) => tooFew(violation, 'properties'),
  minimum: (violation) => invalid(violation, `should be greater than or equal to ${violation.limit}`),
  maximum: (violation) => invalid(violation, `should be less than or equal to ${violation.limit}`),
  pattern: (violation) => invalid(violation, `should match '${String(violation.error.params['pattern'])}'`),
  format: (violation) =>
    invalid(violation, `must be of type ${String(violation.error.params['format'])}: ${violation.value}`),
};

function invalid({ at, value, path }: Violation, words: string): string {
  return `${at}Invalid value: ${value}: ${path} in body ${words}`;
}

function tooFew({ error, at, path, limit }: Violation, what: string): string {
  return `${at}Invalid value: ${count(error)}: ${path} in body should have at least ${limit} ${what}`;
}

function count({ data }: ErrorObject): number {
  return Object.keys(data as object).length;
}

function allowedValues({ params }: ErrorObject): string {
  return (params['allowedValues'] as unknown[]).map((known) => JSON.stringify(String(known))).join(', ');
}

function wrongType(error: ErrorObject, path: string): string {
  const wanted = String(error.params['type']);
  const found = JSON.stringify(typeName(error.data));
  const unquoted = wanted === 'string' && ['number', 'boolean'].includes(typeof error.data);
  const remedy = unquoted ? '; put it in quotes' : '';
  return `${path}: Invalid value: ${found}: ${path} in body must be of type ${wanted}: ${found}${remedy}`;
}

/** `/spec/listeners/0/name` -> `spec.listeners[0].name`. */
function dotted(pointer: string, object: JsonObject): string {
  let here: unknown = object;
  let path = '';
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path = Array.isArray(here) ? `${path}[${name}]` : joinPath(path, name);
    here = (here as JsonObject | undefined)?.[name];
  }
  return path;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
