// Each testdata/plan/<case>.in.yaml is a world as people write it; <case>.out.yaml is the plan it leads to.
// UPDATE_GOLDENS=1 rewrites the outputs: read the difference before it is committed.
// Inputs pass the CRD schema and its rules; `<case>.before.yaml`, where there is one, is the world that was published before.
// Key material is made anew for every run and stands as ${name} in the files.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Acknowledgement } from '@relayfleet/contract/acknowledgement.ts';
import type { Secret } from '@relayfleet/contract/api/object-meta.ts';
import { refKey } from '@relayfleet/contract/object-ref.ts';
import { parseAllDocuments, stringify } from 'yaml';
import { issueAuthority } from './mint/certificate.ts';
import { hashPassword } from './mint/password.ts';
import { mint } from './mint/mint.ts';
import type { Plan, WantedSecret, WantedSnapshot } from './plan.ts';
import { plan } from './plan-world.ts';
import { createValidator } from './provider/file/schema/validate.ts';
import { kindsFromCrds } from './provider/file/schema/kinds.ts';
import { advanceEntries } from './snapshot/entries.ts';
import { applied, emptyWorld, meta, testNow } from './testing/objects.ts';
import type { DrainObservation, FleetObservation, Kind, World } from './world.ts';

const folder = join(import.meta.dirname, 'testdata/plan');
const crds = join(import.meta.dirname, '../../crds');
const validator = createValidator(
  kindsFromCrds(
    readdirSync(crds)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => readFileSync(join(crds, name), 'utf8')),
  ),
);
const materials = keyMaterials();
const cases = readdirSync(folder).flatMap((name) => /^(.*)\.in\.yaml$/.exec(name)?.[1] ?? []);

for (const name of cases)
  test(`plan: ${name}`, async () => {
    const before = join(folder, `${name}.before.yaml`);
    const published = existsSync(before) ? (await settled(readCase(before), [])).plan.snapshots : undefined;
    const input = readCase(join(folder, `${name}.in.yaml`));
    const { plan: result } = await settled(input, published);
    const shown = readable(result, input.setting);
    const actual = stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true });
    const file = join(folder, `${name}.out.yaml`);
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, actual);
    assert.equal(actual, readFileSync(file, 'utf8'));
  });

const everything = [
  'mint',
  'hash',
  'secrets',
  'finalizers',
  'connections',
  'snapshots',
  'statuses',
  'recheckAt',
] as const;

/** The document `kind: World` of a case: what is not an object. */
type Setting = {
  readonly kind: 'World';
  /** Files of the folder whose objects belong to this world too, without their ending. */
  readonly uses?: readonly string[];
  /** Parts of the plan the case is about; all where it is not said. */
  readonly show?: readonly (keyof Plan)[];
  /** Kinds whose statuses it is about; all where it is not said. */
  readonly about?: readonly Kind[];
  /** How often what is to be minted and hashed was made; until nothing is left, where it is not said. */
  readonly minted?: number;
  readonly fleets?: Readonly<Record<string, FleetSetting>>;
  readonly endpoints?: Readonly<Record<string, Readonly<Record<string, { host: string; port: number }>>>>;
  readonly dns?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly invalid?: readonly World['invalid'][number][];
};
type FleetSetting = {
  /** Generation under which the bucket holds what this world wants, or what the world before wanted. */
  readonly published?: number;
  readonly problem?: string;
  readonly nodes?: Readonly<
    Record<string, { generation: number } & Partial<Acknowledgement> & { secondsAgo?: number }>
  >;
  /** By uid. */
  readonly drains?: Readonly<Record<string, DrainObservation>>;
};
type Case = { readonly setting: Setting; readonly world: World };

function readCase(file: string): Case {
  const own = readDocuments(file);
  const setting = (own.find(({ kind }) => kind === 'World') ?? { kind: 'World' }) as unknown as Setting;
  const used = (setting.uses ?? []).flatMap((name) => readDocuments(join(folder, `${name}.yaml`)));
  const documents = [...used, ...own];
  const objects = documents.filter(({ kind }) => kind !== 'World').map((document) => objectOf(file, document));
  const of = <T>(kind: string) => objects.filter((object) => object.kind === kind) as unknown as readonly T[];
  const secrets = of<Secret>('Secret').map((secret) => [refKey(secret.metadata), secret] as const);
  return {
    setting,
    world: emptyWorld({
      fleets: of('RelayFleet'),
      domains: of('RelayDomain'),
      platforms: of('SenderPlatform'),
      namespaces: of('Namespace'),
      secrets: new Map(secrets),
      invalid: setting.invalid ?? [],
      endpoints: mapOf(setting.endpoints, (listeners) => mapOf(listeners, (endpoint) => endpoint)),
      dns: mapOf(setting.dns, (txt) => ({ txt: mapOf(txt, (texts) => texts.map(fill)) })),
    }),
  };
}

function readDocuments(file: string): readonly Document[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS() as Document;
  });
}

type Document = {
  readonly kind: string;
  readonly metadata: Record<string, unknown> & { name: string; namespace?: string };
  readonly status?: unknown;
};

function objectOf(file: string, document: Document): Document {
  const checked = validator.validate(mapStrings(document, fill));
  assert.ok(checked.ok, `${file}: ${checked.ok ? '' : checked.problems.join('; ')}`);
  const { kind, metadata, status } = document;
  const key = kind === 'Namespace' ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return {
    ...(checked.object as unknown as Document),
    metadata: { ...meta(kind, key), ...metadata },
    ...(status !== undefined && { status }),
  };
}

/** Mints and hashes until nothing is asked for, then puts the snapshots where the case says they are. */
async function settled({ setting, world }: Case, published: readonly WantedSnapshot[] | undefined) {
  let current = world;
  for (let round = 0; round < (setting.minted ?? 5); round++) {
    const { mint: requests, hash } = plan(current);
    const made = await Promise.all(requests.map(async (request) => applied(fixed(await mint(request, deps)))));
    const hashes = await Promise.all(
      hash.map(
        async (request) => [request.uid, { digest: request.digest, hash: await hashPassword(request) }] as const,
      ),
    );
    current = {
      ...current,
      secrets: new Map([...current.secrets, ...made.map((secret) => [refKey(secret.metadata), secret] as const)]),
      passwordHashes: new Map([...current.passwordHashes, ...hashes]),
    };
  }
  const snapshots = published ?? plan(current).snapshots;
  const observations = Object.entries(setting.fleets ?? {}).map(
    ([key, fleet]) =>
      [
        key,
        observationOf(
          fleet,
          snapshots.find((snapshot) => refKey(snapshot.fleet) === key),
        ),
      ] as const,
  );
  return { plan: plan({ ...current, observations: new Map(observations) }) };
}

function observationOf(fleet: FleetSetting, snapshot: WantedSnapshot | undefined): FleetObservation {
  const generation = fleet.published;
  return {
    nats: fleet.problem === undefined ? { ok: true } : { ok: false, problem: fleet.problem },
    ...(generation !== undefined &&
      snapshot && {
        published: {
          generation,
          digest: snapshot.digest,
          at: testNow - 60_000,
          content: snapshot.content,
          entries: advanceEntries(undefined, snapshot.entries, generation),
        },
      }),
    drains: new Map(Object.entries(fleet.drains ?? {})),
    acknowledgements: Object.entries(fleet.nodes ?? {}).map(([node, { secondsAgo = 1, ...rest }]) => ({
      v: 1,
      node,
      version: '0.1.0',
      at: testNow - secondsAgo * 1000,
      highestSeen: rest.generation,
      keyIds: [],
      ready: true,
      problems: [],
      ...rest,
    })),
  };
}

const deps = { now: () => testNow, randomBytes: (count: number) => new Uint8Array(count).fill(7) };

/** Minted DKIM keys become the known ones, so that their public halves can be told in the output. */
function fixed(wanted: WantedSecret): WantedSecret {
  const known = (field: string, value: string) => {
    if (/^rf\d+r\.key$/.test(field)) return materials.get('rsa2048') ?? value;
    return /^rf\d+e\.key$/.test(field) ? (materials.get('ed25519') ?? value) : value;
  };
  return { ...wanted, data: Object.fromEntries(Object.entries(wanted.data).map(([f, v]) => [f, known(f, v)])) };
}

/** The plan as people read it: conditions as sentences, key material by name, no digests. */
function readable(
  { mint, hash, secrets, finalizers, connections, snapshots, statuses, recheckAt }: Plan,
  { show = everything, about }: Setting,
): unknown {
  const all: Readonly<Record<keyof Plan, unknown>> = {
    mint: mint.map(({ secret, ...request }) => ({ ...without(request, 'authority'), secret: refKey(secret.ref) })),
    hash: hash.map(({ salt }) => ({ salt })),
    secrets: secrets.map(({ ref, type, owner, data }) => ({ ref: refKey(ref), type, owner, data: parsedJson(data) })),
    finalizers: finalizers.map(({ kind, ref, release }) => ({ [kind]: refKey(ref), release: release ?? 'set it' })),
    connections: connections.map(({ account, drains, ...connection }) => ({
      ...connection,
      account: account ?? 'the one in use',
      ...(drains.length > 0 && { drains }),
    })),
    snapshots: snapshots.map(({ fleet, generationFloor, content }) => ({
      fleet: refKey(fleet),
      generationFloor,
      content,
    })),
    statuses: statuses
      .filter(({ kind }) => about === undefined || about.includes(kind))
      .map(({ kind, ref, status }) => ({ object: `${kind} ${refKey(ref)}`, ...status })),
    recheckAt: recheckAt === undefined ? null : new Date(recheckAt).toISOString(),
  };
  const shown = Object.fromEntries(show.map((part) => [part, all[part]]));
  return mapStrings(conditionsAsText(shown), unfill);
}

function conditionsAsText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(conditionsAsText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'conditions' && !Array.isArray(value) ? conditionLines(inner) : conditionsAsText(inner),
    ]),
  );
}

/** Ready and Stalled repeat what another condition says; once is enough to read. */
function conditionLines(conditions: readonly Condition[]): readonly string[] {
  return conditions.map((condition, position) => {
    const same = conditions.slice(0, position).find(({ message }) => message === condition.message);
    return conditionAsText(same === undefined ? condition : { ...condition, message: `(as ${same.type})` });
  });
}

function conditionAsText({ type, status, reason, message, observedGeneration, lastTransitionTime }: Condition): string {
  const since = lastTransitionTime === '2026-01-15T12:00:00Z' ? '' : ` since ${lastTransitionTime}`;
  const of = observedGeneration === 1 ? '' : ` of generation ${observedGeneration}`;
  return `${type}=${status} ${reason}${of}${since}: ${message}`;
}
type Condition = NonNullable<Plan['statuses'][number]['status']['conditions']>[number];

function parsedJson(data: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, k.endsWith('.json') ? JSON.parse(v) : v]));
}

function without(value: object, name: string): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
}

function keyMaterials(): ReadonlyMap<string, string> {
  const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' = 'pkcs8') => key.export({ type, format: 'pem' }).toString();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = { from: new Date(testNow - 86_400_000), to: new Date(testNow + 86_400_000) };
  const authority = { commonName: 'test', validity, serial: new Uint8Array(16) };
  return new Map([
    ['rsa2048', pem(rsa.privateKey)],
    ['rsa2048.pkcs1', pem(rsa.privateKey, 'pkcs1')],
    ['rsa2048.p', rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
    ['rsa1024', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
    ['ed25519', pem(ed.privateKey)],
    ['ed25519.p', Buffer.from(ed.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')],
    ['tls.crt', issueAuthority({ ...authority, publicKey: ec.publicKey }, ec.privateKey)],
    ['tls.key', pem(ec.privateKey)],
    ['p256', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
  ]);
}

function fill(text: string): string {
  return text.replaceAll(/\$\{([\w.]+)\}/g, (whole, name: string) => materials.get(name) ?? whole);
}

function unfill(text: string): string {
  let shown = text;
  for (const [name, value] of materials)
    shown = shown.replaceAll(value, `\${${name}}`).replaceAll(value.trim(), `\${${name}}`);
  return shown
    .replaceAll(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----\n?/g, '<$1>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<sha256>');
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapStrings(inner, change)]));
}

function mapOf<A, B>(record: Readonly<Record<string, A>> | undefined, change: (value: A) => B): ReadonlyMap<string, B> {
  return new Map(Object.entries(record ?? {}).map(([key, value]) => [key, change(value)]));
}
