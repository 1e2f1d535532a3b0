import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindsFromCrds } from './kinds.ts';
import { createValidator } from './validate.ts';

const crd = `
kind: CustomResourceDefinition
spec:
  group: example.io
  names: {kind: Thing}
  versions:
    - name: v1
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            metadata: {type: object, properties: {name: {type: string, maxLength: 10}}}
            spec:
              type: object
              required: [host]
              properties:
                host: {type: string, maxLength: 20}
                fixed:
                  type: string
                  x-kubernetes-validations: [{rule: self == oldSelf, message: cannot change}]
                port: {type: integer, format: int32, minimum: 1, default: 25}
                namespace: {type: string}
                free: {type: object, additionalProperties: {type: string}}
                tls:
                  type: object
                  default: {}
                  properties: {mode: {type: string, enum: [On, Off], default: On}}
                items:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items:
                    type: object
                    properties:
                      name: {type: string}
                      size:
                        type: integer
                        x-kubernetes-validations: [{rule: self >= oldSelf, message: may only grow}]
              x-kubernetes-validations:
                - {rule: "self.port != 99", messageExpression: "'port ' + string(self.port) + ' is taken'", fieldPath: .port}
                - {rule: "!has(self.__namespace__) || self.__namespace__ != 'no'", message: not there, reason: FieldValueForbidden}
`;
const validator = createValidator(kindsFromCrds([crd]));

function thing(spec: unknown, rest: object = {}) {
  return { apiVersion: 'example.io/v1', kind: 'Thing', metadata: { name: 'a' }, spec, ...rest };
}

function problems(document: unknown, old?: unknown): readonly string[] {
  const stored = old === undefined ? undefined : validator.validate(old);
  const result = validator.validate(document, stored?.ok ? stored.object : undefined);
  return result.ok ? [] : result.problems;
}

test('defaults are filled in, nulls pruned, status left out', () => {
  const result = validator.validate(thing({ host: 'h', tls: null, fixed: null }, { status: { x: 1 } }));
  assert.deepEqual(result, { ok: true, object: thing({ host: 'h', port: 25, tls: { mode: 'On' } }) });
});

test('the document itself is not changed', () => {
  const document = Object.freeze(thing(Object.freeze({ host: 'h' })));
  assert.ok(validator.validate(document).ok);
});

const refusals: readonly (readonly [string, unknown, string])[] = [
  ['unknown field', { host: 'h', prot: 1 }, 'unknown field "spec.prot"; did you mean "port"?'],
  ['missing field', {}, 'spec.host: Required value'],
  [
    'wrong type',
    { host: 12 },
    'spec.host: Invalid value: "integer": spec.host in body must be of type string: "integer"; put it in quotes',
  ],
  [
    'bound',
    { host: 'h', port: 0 },
    'spec.port: Invalid value: 0: spec.port in body should be greater than or equal to 1',
  ],
  ['too long', { host: 'h'.repeat(21) }, 'spec.host: Too long: may not be more than 20 bytes'],
  ['enum', { host: 'h', tls: { mode: 'on' } }, 'spec.tls.mode: Unsupported value: "on": supported values: "On", "Off"'],
  [
    'int32',
    { host: 'h', port: 2 ** 31 },
    `spec.port: Invalid value: ${2 ** 31}: spec.port in body must be of type int32: ${2 ** 31}`,
  ],
  [
    'twice in a map list',
    { host: 'h', items: [{ name: 'x' }, { name: 'x' }] },
    'spec.items[1]: Duplicate value: {"name":"x"}',
  ],
  [
    'value of a free map',
    { host: 'h', free: { 'a.b/c': 1 } },
    'spec.free[a.b/c]: Invalid value: "integer": spec.free[a.b/c] in body must be of type string: "integer"; put it in quotes',
  ],
  [
    'rule with an expression as message',
    { host: 'h', port: 99 },
    'spec.port: Invalid value: "object": port 99 is taken',
  ],
  ['escaped name and reason', { host: 'h', namespace: 'no' }, 'spec: Forbidden: not there'],
];
for (const [what, spec, expected] of refusals)
  test(`refused: ${what}`, () => assert.deepEqual(problems(thing(spec)), [expected]));

test('transition rules hold against the last good form, item by item in map lists', () => {
  const old = thing({
    host: 'h',
    fixed: 'a',
    items: [
      { name: 'x', size: 3 },
      { name: 'y', size: 9 },
    ],
  });
  assert.deepEqual(problems(thing({ host: 'h', fixed: 'b' }), old), ['spec.fixed: Invalid value: "b": cannot change']);
  const moved = thing({
    host: 'h',
    fixed: 'a',
    items: [
      { name: 'y', size: 8 },
      { name: 'x', size: 3 },
      { name: 'z', size: 0 },
    ],
  });
  assert.deepEqual(problems(moved, old), ['spec.items[0].size: Invalid value: 8: may only grow']);
});

test('names, apiVersion and the CRD’s own bound on names', () => {
  assert.match(
    problems({ ...thing({ host: 'h' }), metadata: { name: 'A' } })[0] ?? '',
    /^metadata\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/,
  );
  assert.match(
    problems({ ...thing({ host: 'h' }), metadata: { name: 'abcdefghijk' } })[0] ?? '',
    /^metadata\.name: Too long/,
  );
  assert.match(
    problems({ ...thing({ host: 'h' }), apiVersion: 'example.io/v2' })[0] ?? '',
    /^apiVersion: .*served as example\.io\/v1; write that/,
  );
  assert.match(
    problems({ ...thing({ host: 'h' }), metadata: { name: 'a', lables: {} } })[0] ?? '',
    /unknown field "metadata\.lables"; did you mean "labels"\?/,
  );
});

test('what a document is about is known even when the rest is wrong', () => {
  assert.deepEqual(validator.identify(thing(1)), { ok: true, kind: 'Thing', ref: { namespace: 'default', name: 'a' } });
  const unknown = validator.identify({ kind: 'Think' });
  assert.ok(!unknown.ok && unknown.problem.includes('unknown kind "Think"; did you mean "Thing"?'));
  for (const document of [undefined, 1, 'x', [], {}, { kind: 'Thing' }, { kind: 'Thing', metadata: { name: 1 } }])
    assert.equal(validator.identify(document).ok, false);
});

test('Secrets: text is folded in, and no value appears in a refusal', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { a: 'eA==' },
    stringData: { a: 'y', b: 'z' },
  };
  const result = validator.validate(secret);
  assert.deepEqual(result.ok && result.object['data'], { a: 'eQ==', b: 'eg==' });
  for (const broken of [{ data: { a: 'hunter2!' } }, { stringData: { a: 123456 } }, { data: { '../x': 'eA==' } }]) {
    const refused = problems({ ...secret, data: {}, stringData: {}, ...broken });
    assert.equal(refused.length, 1);
    assert.doesNotMatch(refused[0] ?? '', /hunter2|123456/);
  }
});

test('no mail address and no password in a URL appears in a refusal', () => {
  const [problem = ''] = problems(thing({ host: 'nats://joe:secret@host.example.com' }));
  assert.match(problem, /Too long/);
  const shown = problems(thing({ host: 'h', tls: { mode: 'joe@example.com' } }))[0] ?? '';
  assert.match(shown, /Unsupported value: "\*\*\*@\*\*\*"/);
});

test('a rule that cannot be compiled is found when the CRD is read', () => {
  const kinds = kindsFromCrds([crd.replace('self.port != 99', 'self.port !! 99')]);
  assert.throws(() => createValidator(kinds));
});
