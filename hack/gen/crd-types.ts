// CustomResourceDefinition -> TypeScript types, as objects are read back from the API: defaults applied, refused fields
// left out. Every object with fields of its own becomes a named type; a reference (`{name}`) is written in place.
import { isAlwaysPresent, refusedFields, type Crd, type Schema } from './crd.ts';

/** Source text of contract/src/api/<kind>.ts, not yet formatted. */
export function crdTypes(crd: Crd): string {
  const { spec, status } = crd.schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${crd.file}: spec or status is missing`);
  const declarations = [
    ...declare(`${crd.kind}Spec`, crd.kind, spec),
    ...declare(`${crd.kind}Status`, `${crd.kind}Status`, status),
  ];
  return `${header(crd)}
${comment(crd.schema)}export type ${crd.kind} = {
  readonly apiVersion: '${crd.group}/${crd.version}';
  readonly kind: '${crd.kind}';
  readonly metadata: ObjectMeta;
  readonly spec: ${crd.kind}Spec;
  readonly status?: ${crd.kind}Status;
};

${declarations.join('\n\n')}
`;
}

function header(crd: Crd): string {
  const { group, version, plural, kind } = crd;
  return `// Generated from ${crd.file} by \`npm run gen\`; edit that file instead.
// Types of objects as read back: defaults applied, so that a field with a default is always there.
import type { Condition } from '../conditions.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Where the API server serves the kind. */
export const ${lowerFirst(kind)}Resource = ${JSON.stringify({ group, version, plural, kind })} as const;
`;
}

/** The type `name`, then the types of the objects below it, named `prefix` + field. */
function declare(name: string, prefix: string, schema: Schema): readonly string[] {
  const below: string[] = [];
  const fields = availableFields(schema).map(([field, property]) => {
    const type = typeOf(`${prefix}${upperFirst(field)}`, property, below);
    return `${comment(property)}readonly ${field}${isAlwaysPresent(schema, field) ? '' : '?'}: ${type};`;
  });
  return [`export type ${name} = {\n${fields.join('\n')}\n};`, ...below];
}

function typeOf(name: string, schema: Schema, below: string[]): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array':
      return arrayOf(name, schema, below);
    case 'object':
      return objectOf(name, schema, below);
    default:
      throw new Error(`${name}: no type`);
  }
}

function arrayOf(name: string, schema: Schema, below: string[]): string {
  if (schema.items === undefined) throw new Error(`${name}: no items`);
  if (name.endsWith('Conditions')) return 'readonly Condition[]';
  const item = typeOf(name.replace(/s$/, ''), schema.items, below);
  return item.includes('|') ? `readonly (${item})[]` : `readonly ${item}[]`;
}

function objectOf(name: string, schema: Schema, below: string[]): string {
  const fields = Object.keys(schema.properties ?? {});
  if (schema.additionalProperties !== undefined)
    return `Readonly<Record<string, ${typeOf(name, schema.additionalProperties, below)}>>`;
  if (fields.length === 0) return 'Readonly<Record<string, never>>';
  if (fields.join() === 'name') return '{ readonly name: string }';
  below.push(...declare(name, name, schema));
  return name;
}

function availableFields(schema: Schema): readonly (readonly [string, Schema])[] {
  const refused = refusedFields(schema);
  return Object.entries(schema.properties ?? {}).filter(([field]) => !refused.has(field));
}

function comment(schema: Schema): string {
  const lines = wrapped(schema.description ?? '');
  return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`;
}

/** Lines of at most 110 characters. */
function wrapped(text: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 1 > 110) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
