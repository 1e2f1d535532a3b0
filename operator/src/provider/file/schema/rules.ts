// Evaluates the CEL rules of a structural schema (x-kubernetes-validations), transition rules included, as the API server does:
// https://kubernetes.io/docs/reference/using-api/cel/. A rule that names oldSelf runs only where an old value can be told:
// not for a new object, nor for items of atomic and set lists.
import { Environment, type ASTNode, type ParseResult } from '@marcbachmann/cel-js';
import { isObject, itemKey, joinPath, showValue, valueSchema, type Rule, type Schema } from './structural.ts';

/** One sentence per rule that `object` breaks; `old` is the object it replaces. */
export type RuleCheck = (object: unknown, old: unknown) => readonly string[];

/** Compiles every rule at once: a rule that this evaluator cannot read is a fault of the CRD and is thrown here, at start. */
export function compileRules(schema: Schema): RuleCheck {
  const compiled = new Map<string, Expression>();
  compileAll(schema, compiled);
  return (object, old) => walk({ schema, value: object, old, path: '' }, compiled);
}

type Expression = { readonly evaluate: ParseResult; readonly needsOld: boolean };
type Place = { readonly schema: Schema; readonly value: unknown; readonly old: unknown; readonly path: string };

function compileAll(schema: Schema, compiled: Map<string, Expression>): void {
  const environment = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
  const visit = (node: Schema): void => {
    for (const { rule, messageExpression } of node['x-kubernetes-validations'] ?? [])
      for (const text of messageExpression === undefined ? [rule] : [rule, messageExpression])
        compiled.set(text, compile(environment, text));
    for (const child of Object.values(node.properties ?? {})) visit(child);
    if (node.items) visit(node.items);
    if (typeof node.additionalProperties === 'object') visit(node.additionalProperties);
  };
  visit(schema);
}

function compile(environment: Environment, text: string): Expression {
  const evaluate = environment.parse(text);
  const check = evaluate.check();
  if (!check.valid) throw new Error(`rule cannot be compiled: ${text}`, { cause: check.error });
  return { evaluate, needsOld: mentions(evaluate.ast, 'oldSelf') };
}

function mentions(node: ASTNode, name: string): boolean {
  if (node.op === 'id') return node.args === name;
  const visit = (part: unknown): boolean =>
    Array.isArray(part) ? part.some(visit) : isNode(part) && mentions(part, name);
  return visit(node.args);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function walk(place: Place, compiled: ReadonlyMap<string, Expression>): string[] {
  const { schema, value, old, path } = place;
  const broken = brokenRules(place, compiled);
  const inside = (child: Place) => walk(child, compiled);
  if (Array.isArray(value) && schema.items) {
    const items = schema.items;
    const former = new Map((Array.isArray(old) ? old : []).map((item) => [itemKey(schema, item), item]));
    return value.reduce<string[]>((all, item, index) => {
      const key = itemKey(schema, item);
      const before: unknown = key === undefined ? undefined : former.get(key);
      return all.concat(inside({ schema: items, value: item, old: before, path: `${path}[${index}]` }));
    }, broken);
  }
  if (!isObject(value)) return broken;
  const before = isObject(old) ? old : {};
  return Object.entries(value).reduce<string[]>((all, [name, child]) => {
    const known = schema.properties?.[name] ?? valueSchema(schema);
    return all.concat(inside({ schema: known, value: child, old: before[name], path: joinPath(path, name) }));
  }, broken);
}

type Variables = { readonly self: unknown; readonly oldSelf?: unknown };

function brokenRules(place: Place, compiled: ReadonlyMap<string, Expression>): string[] {
  const { schema, value, old } = place;
  const rules = schema['x-kubernetes-validations'];
  if (!rules) return [];
  const variables = { self: toCel(schema, value), ...(old === undefined ? {} : { oldSelf: toCel(schema, old) }) };
  return rules.flatMap((rule) => breaks(rule, { place, variables }, compiled));
}

function breaks(
  rule: Rule,
  { place, variables }: { readonly place: Place; readonly variables: Variables },
  compiled: ReadonlyMap<string, Expression>,
): string[] {
  const expression = compiled.get(rule.rule);
  if (!expression || (expression.needsOld && !('oldSelf' in variables))) return [];
  const at = `${place.path}${rule.fieldPath ?? ''}`;
  try {
    if (expression.evaluate(variables) === true) return [];
  } catch (cause) {
    return [`${at}: Invalid value: rule "${rule.rule}" could not be evaluated: ${String(cause)}`];
  }
  const said = rule.messageExpression && compiled.get(rule.messageExpression)?.evaluate(variables);
  const message = typeof said === 'string' ? said : (rule.message ?? `failed rule: ${rule.rule}`);
  return [`${at === '' ? '' : `${at}: `}${reasonWords(rule.reason, place.value)}: ${message}`];
}

function reasonWords(reason: string | undefined, value: unknown): string {
  if (reason === 'FieldValueForbidden') return 'Forbidden';
  if (reason === 'FieldValueRequired') return 'Required value';
  return `${reason === 'FieldValueDuplicate' ? 'Duplicate' : 'Invalid'} value: ${showValue(value)}`;
}

/** Integers become CEL ints, and names that are no CEL identifiers are escaped, both as the schema says. */
function toCel(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toCel(schema.items ?? {}, item));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => {
        const known = schema.properties?.[name];
        return [known ? escapeName(name) : name, toCel(known ?? valueSchema(schema), child)];
      }),
    );
  return typeof value === 'number' && schema.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function escapeName(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  if (/^[a-zA-Z][a-zA-Z0-9]*$/.test(name)) return name;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}
