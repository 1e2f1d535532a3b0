// The schemas of crds/ are complete: every field is described and bounded, every list says how it merges, every rule says
// what to do. Whether Kubernetes accepts them is for the tests with a real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crdFiles, readCrd, type Schema } from '../../hack/gen/crd.ts';
import { root } from './manifests.ts';

type Field = { readonly path: string; readonly schema: Schema };

for (const file of crdFiles) {
  const crd = readCrd(root, file);
  const { spec, status } = crd.schema.properties ?? {};
  assert.ok(spec !== undefined && status !== undefined);
  const fields = [...fieldsBelow('spec', spec), ...fieldsBelow('status', status)];

  test(`${crd.kind}: every field is described`, () => {
    assert.deepEqual(
      pathsWhere(fields, ({ description = '' }) => !/^[A-Z'].+\.$/s.test(description)),
      [],
    );
  });

  test(`${crd.kind}: every string, list and map has an upper bound`, () => {
    assert.deepEqual(pathsWhere(fields, isUnbounded), []);
  });

  test(`${crd.kind}: every number has a lower bound, and in the spec an upper one`, () => {
    const unbounded = (schema: Schema) => schema.type === 'integer' && schema.enum === undefined;
    assert.deepEqual(
      pathsWhere(fields, (schema) => unbounded(schema) && schema.minimum === undefined),
      [],
    );
    const inSpec = fields.filter(({ path }) => path.startsWith('spec'));
    assert.deepEqual(
      pathsWhere(inSpec, (schema) => unbounded(schema) && schema.maximum === undefined),
      [],
    );
  });

  test(`${crd.kind}: every list says how it merges`, () => {
    const unsaid = (schema: Schema) => schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined;
    assert.deepEqual(pathsWhere(fields, unsaid), []);
  });

  test(`${crd.kind}: every rule says what is wrong and what to do`, () => {
    const rules = fields.flatMap(({ schema }) => schema['x-kubernetes-validations'] ?? []);
    const told = /\b(add|choose|create|give|keep|leave|list|name|put|remove|rename|set|use|write)\b/;
    assert.deepEqual(
      rules.filter(({ message }) => !told.test(message)),
      [],
    );
  });

  test(`${crd.kind}: at most seven columns by default`, () => {
    assert.ok(crd.columns.filter(({ priority = 0 }) => priority === 0).length <= 7);
  });
}

function isUnbounded(schema: Schema): boolean {
  switch (schema.type) {
    case 'string':
      return schema.maxLength === undefined && schema.enum === undefined && schema.format !== 'date-time';
    case 'array':
      return schema.maxItems === undefined;
    case 'object':
      return schema.additionalProperties !== undefined && schema.maxProperties === undefined;
    case 'integer':
    case 'boolean':
      return false;
    default:
      return true;
  }
}

function pathsWhere(fields: readonly Field[], isBad: (schema: Schema) => boolean): readonly string[] {
  return fields.filter(({ schema }) => isBad(schema)).map(({ path }) => path);
}

function fieldsBelow(path: string, schema: Schema): readonly Field[] {
  return [
    { path, schema },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => fieldsBelow(`${path}.${name}`, field)),
    ...(schema.items === undefined ? [] : fieldsBelow(`${path}[]`, schema.items)),
    ...(schema.additionalProperties === undefined ? [] : fieldsBelow(`${path}.*`, schema.additionalProperties)),
  ];
}
