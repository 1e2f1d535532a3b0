// CustomResourceDefinition -> its reference page: every field with type, bounds, default and meaning, and every rule.
// Knows Markdown and the schema; what an object does is told elsewhere.
import { isAlwaysPresent, refusedFields, type Crd, type Schema } from './crd.ts';

/** Text of docs/reference/<kind>.md, not yet formatted. `smallest` is the YAML of the smallest sample. */
export function crdPage(crd: Crd, smallest: string): string {
  const { spec, status } = crd.schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error(`${crd.file}: spec or status is missing`);
  return `<!-- Generated from ${crd.file} by \`npm run gen\`; edit that file instead. -->

# ${crd.kind}

${crd.schema.description}

| | |
| --- | --- |
| apiVersion | \`${crd.group}/${crd.version}\` |
| kubectl | \`kubectl get ${crd.shortName}\`, with the other kinds \`kubectl get relayfleet\` |
| on the command line | \`kubectl explain ${crd.shortName}.spec\` |

\`\`\`yaml
${smallest.trimEnd()}
\`\`\`

${sections('spec', spec).join('\n\n')}

${sections('status', status).join('\n\n')}

## Columns of kubectl get

${columns(crd)}
`;
}

/** The section of one object, then those of the objects below it. */
function sections(path: string, schema: Schema): readonly string[] {
  const fields = Object.entries(schema.properties ?? {});
  const refused = refusedFields(schema);
  const rows = fields.map(([field, property]) => row(schema, field, property, refused.has(field)));
  const rules = rulesOf(schema);
  const heading = `${path.includes('.') ? '###' : '##'} ${path}`;
  const parts = [
    heading,
    schema.description ?? '',
    `| Field | Type | Default | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}`,
    ...(rules.length > 0 ? [`Refused, with these words:\n\n${rules.map((text) => `- ${text}`).join('\n')}`] : []),
  ];
  const below = fields
    .filter(([field]) => !refused.has(field) && field !== 'conditions')
    .flatMap(([field, property]) => sectionBelow(`${path}.${field}`, property));
  return [parts.join('\n\n'), ...below];
}

function sectionBelow(path: string, schema: Schema): readonly string[] {
  const object = schema.items ?? schema;
  if (Object.keys(object.properties ?? {}).length === 0 || isReference(object)) return [];
  return sections(schema.items === undefined ? path : `${path}[]`, object);
}

/** `{name}`: its row in the table above says all there is to say. */
function isReference(schema: Schema): boolean {
  return Object.keys(schema.properties ?? {}).join() === 'name';
}

function row(parent: Schema, field: string, schema: Schema, refused: boolean): string {
  const required = parent.required?.includes(field) === true ? ' **required**' : '';
  const meaning = `${refused ? '**Not available in this release.** ' : ''}${schema.description ?? ''}`;
  const preset = isAlwaysPresent(parent, field) && schema.default !== undefined ? presetOf(schema.default) : '';
  return `| ${[`\`${field}\`${required}`, typeOf(schema), preset, meaning].map(cell).join(' | ')} |`;
}

/** `{}` only opens the door for the defaults below it. */
function presetOf(value: unknown): string {
  const text = JSON.stringify(value);
  return text === '{}' ? '' : `\`${text}\``;
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  switch (schema.type) {
    case 'string':
      return schema.format ?? `string${range(schema.minLength, schema.maxLength, ' characters')}`;
    case 'integer':
      return `integer${range(schema.minimum, schema.maximum, '')}`;
    case 'array':
      return `${listWord(schema)} of ${typeOf(schema.items ?? {})}${range(schema.minItems, schema.maxItems, ' entries')}`;
    case 'object':
      if (schema.additionalProperties !== undefined) return 'map of strings';
      return isReference(schema) ? '`{name}`' : 'object';
    default:
      return schema.type ?? '';
  }
}

function listWord(schema: Schema): string {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys !== undefined) return `list (unique ${keys.join(', ')})`;
  return schema['x-kubernetes-list-type'] === 'set' ? 'set' : 'list';
}

function range(low: number | undefined, high: number | undefined, unit: string): string {
  if (low === undefined && high === undefined) return '';
  if (high === undefined) return `, at least ${low}${unit}`;
  return low === undefined || (low <= 1 && unit !== '') ? `, at most ${high}${unit}` : `, ${low} to ${high}${unit}`;
}

/** Messages of the rules on the object itself, on its fields and on what its lists and references hold. */
function rulesOf(schema: Schema): readonly string[] {
  const own = schema['x-kubernetes-validations'] ?? [];
  const ofFields = Object.values(schema.properties ?? {}).flatMap((field) => [
    ...(field.type === 'object' ? [] : (field['x-kubernetes-validations'] ?? [])),
    ...(field.items?.properties === undefined ? (field.items?.['x-kubernetes-validations'] ?? []) : []),
  ]);
  return [...own, ...ofFields].map(({ message }) => message.replaceAll('*', '\\*'));
}

function columns(crd: Crd): string {
  const rows = crd.columns.map(({ name, description, priority }) => {
    const wide = (priority ?? 0) > 0 ? ' (with `-o wide`)' : '';
    return `| ${name}${wide} | ${cell(description ?? 'Since it was created.')} |`;
  });
  return `| Column | Meaning |\n| --- | --- |\n${rows.join('\n')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll("'*", "'\\*");
}
