import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { WantedSecret } from '../../plan.ts';
import { readValidator } from '../open-provider.ts';
import { createFileProvider, type FileProvider } from './file-provider.ts';
import type { Refusal } from './settle.ts';

const validator = await readValidator(join(import.meta.dirname, '../../../../crds'));
const root = await mkdtemp(join(tmpdir(), 'relayfleet-file-provider-'));
after(() => rm(root, { recursive: true, force: true }));

type Place = {
  readonly dir: string;
  readonly state: string;
  readonly refusals: Refusal[];
  readonly said: string[];
  clock: number;
  changes: number;
  write(file: string, text: string): Promise<void>;
  /** A provider that has read everything; `look` makes it look again. */
  open(): Promise<FileProvider>;
};

let places = 0;
async function place(): Promise<Place> {
  const dir = join(root, `${++places}`, 'manifests');
  const state = join(root, `${places}`, 'state');
  await mkdir(dir, { recursive: true });
  let uids = 0;
  const here: Place = {
    dir,
    state,
    refusals: [],
    said: [],
    clock: 1_000_000,
    changes: 0,
    write: (file, text) => writeFile(join(dir, file), text),
    async open() {
      const provider = createFileProvider({
        manifests: [dir],
        state,
        validator,
        now: () => here.clock,
        newUid: () => `uid-${places}-${++uids}`,
        events: {
          manifestRefused: (refusal) => void here.refusals.push(refusal),
          manifestAccepted: ({ file }) => void here.said.push(`accepted ${file}`),
          stateProblem: (problem) => void here.said.push(problem),
        },
      });
      await provider.start(() => here.changes++);
      await provider.close(); // no watching: the test says when to look
      return provider;
    },
  };
  return here;
}

const domain = (spec: string, name = 'a') =>
  `{apiVersion: relayfleet.io/v1alpha1, kind: RelayDomain, metadata: {name: ${name}}, spec: {${spec}}}`;
const secret = (value: string) =>
  `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: n}, stringData: {password: ${value}}}`;

function wantedSecret(overrides: Partial<WantedSecret> = {}): WantedSecret {
  return {
    ref: { namespace: 'default', name: 'a-dkim' },
    type: 'Opaque',
    owner: { kind: 'RelayDomain', name: 'a', uid: 'u' },
    labels: { 'app.kubernetes.io/managed-by': 'relayfleet' },
    annotations: {},
    data: { 'x.key': 'private', note: 'text' },
    ...overrides,
  };
}

test('objects, Secrets and namespaces are read as an API server would give them', async () => {
  const here = await place();
  await here.write(
    'a.yaml',
    `${domain('domain: example.com')}\n---\n${secret('hunter2')}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: n, labels: {team: x}}}`,
  );
  const provider = await here.open();
  const { domains, secrets, namespaces } = provider.read();
  assert.equal(domains[0]?.spec.tls.mode, 'Require');
  assert.deepEqual([domains[0]?.metadata.namespace, domains[0]?.metadata.generation], ['default', 1]);
  assert.deepEqual(secrets.get('n/s')?.data, { password: Buffer.from('hunter2').toString('base64') });
  const labels = Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
  assert.deepEqual(labels, {
    n: { team: 'x', 'kubernetes.io/metadata.name': 'n' },
    default: { 'kubernetes.io/metadata.name': 'default' },
  });
  await provider.look();
  assert.equal(provider.read().secrets.get('n/s'), secrets.get('n/s'), 'an unchanged Secret is the same object');
  assert.equal(here.changes, 0);
});

test('identity outlives a restart, and so does the last good form of what is broken meanwhile', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const before = (await here.open()).read().domains[0];
  here.clock += 60_000;
  await here.write('a.yaml', domain('domain: example.com, suspended: maybe'));
  const after = (await here.open()).read();
  assert.deepEqual(after.domains[0], before);
  assert.equal(after.invalid[0]?.generation, 2);
  assert.match(after.invalid[0]?.problems[0] ?? '', /a\.yaml \(document 1\): spec\.suspended: Invalid value/);
  assert.equal(here.refusals.length, 1);
});

test('an edit raises the generation, is told once, and a refused one is told once until it is mended', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  await here.write('a.yaml', domain('domain: example.com, suspended: true'));
  await provider.look();
  assert.deepEqual([provider.read().domains[0]?.metadata.generation, here.changes], [2, 1]);
  await here.write('a.yaml', domain('domain: example.net, suspended: true'));
  await provider.look();
  await provider.look();
  assert.equal(here.refusals.length, 1);
  assert.match(here.refusals[0]?.problems[0] ?? '', /domain cannot be changed/);
  assert.equal(provider.read().domains[0]?.spec.domain, 'example.com');
  assert.deepEqual(JSON.parse(await readFile(join(here.state, 'problems.json'), 'utf8')), here.refusals);
  await here.write('a.yaml', domain('domain: example.com'));
  await provider.look();
  assert.deepEqual(here.said, [`accepted ${join(here.dir, 'a.yaml')}`]);
  assert.equal(await readFile(join(here.state, 'problems.json'), 'utf8'), '[]\n');
});

test('a broken Secret leaves its last good form in force, and its value in no message', async () => {
  const here = await place();
  await here.write('s.yaml', secret('right'));
  await here.open();
  await here.write('s.yaml', secret('[wr0ng]'));
  const provider = await here.open();
  assert.deepEqual(provider.read().secrets.get('n/s')?.data, { password: 'cmlnaHQ=' });
  assert.match(here.refusals[0]?.problems[0] ?? '', /stringData\.password/);
  assert.doesNotMatch(JSON.stringify(here.refusals), /wr0ng/);
});

test('a file that cannot be read leaves everything in force', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  await rm(join(here.dir, 'a.yaml'));
  await symlink('a.yaml', join(here.dir, 'a.yaml')); // a loop: not even root can read it
  here.clock += 10_000;
  await provider.look();
  assert.equal(provider.read().domains.length, 1);
  assert.match(here.refusals[0]?.problems[0] ?? '', /a\.yaml|symbolic link/);
});

test('a directory that disappears leaves everything in force; one that is emptied means it', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  await rename(here.dir, `${here.dir}.away`);
  for (let look = 0; look < 3; look++, here.clock += 10_000) await provider.look();
  assert.equal(provider.read().domains.length, 1);
  assert.match(here.refusals[0]?.problems[0] ?? '', /does not exist/);
  await rename(`${here.dir}.away`, here.dir);
  await rm(join(here.dir, 'a.yaml'));
  for (let look = 0; look < 3; look++, here.clock += 10_000) await provider.look();
  assert.equal(provider.read().domains.length, 0);
});

test('a directory that is empty at the start is taken for one that is not mounted yet', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  await (await here.open()).applySecret(wantedSecret());
  await rename(join(here.dir, 'a.yaml'), join(here.dir, '..', 'a.yaml'));
  const provider = await here.open();
  for (let look = 0; look < 3; look++, here.clock += 10_000) await provider.look();
  assert.equal(provider.read().domains.length, 1);
  assert.ok(provider.read().secrets.has('default/a-dkim'), 'no key is thrown away');
  assert.match(here.refusals[0]?.problems[0] ?? '', /holds no manifest although 1 objects in force came from it/);
  await here.write('b.yaml', domain('domain: example.org', 'b'));
  for (let look = 0; look < 3; look++, here.clock += 10_000) await provider.look();
  assert.deepEqual(
    provider.read().domains.map(({ metadata }) => metadata.name),
    ['b'],
  );
});

test('an owned Secret is a private file and a mounted directory, survives a restart, and goes with its owner', async () => {
  const here = await place();
  const mounted = (overrides: Partial<WantedSecret> = {}) =>
    wantedSecret({ ref: { namespace: 'default', name: 'a-smtp' }, ...overrides });
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  assert.deepEqual(await provider.applySecret(mounted()), { ok: true, changed: true });
  assert.deepEqual(await provider.applySecret(mounted()), { ok: true, changed: false });
  const file = join(here.state, 'secrets/default/a-smtp.yaml');
  const mount = join(here.state, 'mounts/default/a-smtp');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(join(mount, 'x.key'), 'utf8'), 'private');
  assert.equal((await stat(join(mount, 'x.key'))).mode & 0o777, 0o600);
  await provider.applySecret(mounted({ data: { 'x.key': 'renewed' } }));
  assert.deepEqual(
    (await readdir(mount)).filter((name) => !name.startsWith('..')),
    ['x.key'],
  );
  assert.equal(await readFile(join(mount, 'x.key'), 'utf8'), 'renewed');
  const again = await here.open();
  assert.equal(again.read().secrets.get('default/a-smtp')?.data['x.key'], Buffer.from('renewed').toString('base64'));
  await here.write('a.yaml', '');
  for (let look = 0; look < 2; look++, here.clock += 10_000) await again.look();
  assert.equal(again.read().secrets.size, 0);
  assert.deepEqual(await readdir(join(here.state, 'mounts/default')), []);
});

test('a generation is noted on the keys Secret and stays there when the Secret is applied again', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  const { ref } = wantedSecret();
  assert.deepEqual(await provider.noteGeneration(ref, 4), {
    ok: false,
    problem: 'Secret default/a-dkim does not exist (any more)',
  });
  await provider.applySecret(wantedSecret());
  assert.equal((await provider.noteGeneration(ref, 5)).ok, true);
  await provider.applySecret(wantedSecret({ data: { note: 'new' } }));
  const { metadata } = (await here.open()).read().secrets.get('default/a-dkim') ?? {};
  assert.equal(metadata?.annotations?.['relayfleet.io/generation'], '5');
});

test('deleting an owned Secret’s file is deleting the Secret; a damaged one stays and is empty', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  await provider.applySecret(wantedSecret());
  const file = join(here.state, 'secrets/default/a-dkim.yaml');
  await writeFile(file, 'data: [');
  await provider.look();
  assert.deepEqual(provider.read().secrets.get('default/a-dkim')?.data, {});
  assert.deepEqual(here.said, [`${file} is not valid YAML`]);
  await rm(file);
  await provider.look();
  assert.equal(provider.read().secrets.has('default/a-dkim'), false);
  assert.equal(here.changes, 2);
});

test('a Secret in the manifests is never written over', async () => {
  const here = await place();
  await here.write('a.yaml', secret('mine'));
  const provider = await here.open();
  const written = await provider.applySecret(wantedSecret({ ref: { namespace: 'n', name: 's' } }));
  assert.ok(!written.ok && written.problem.includes('rename it'));
  assert.deepEqual(provider.read().secrets.get('n/s')?.data, { password: 'bWluZQ==' });
});

test('a status is written when it changed, kept across restarts, and goes with its object', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  const wanted = {
    kind: 'RelayDomain',
    ref: { namespace: 'default', name: 'a' },
    status: { domain: 'example.com', conditions: [] },
  } as const;
  assert.deepEqual(await provider.writeStatus(wanted), { ok: true, changed: true });
  assert.deepEqual(await provider.writeStatus(wanted), { ok: true, changed: false });
  const again = await here.open();
  assert.deepEqual(again.read().domains[0]?.status, wanted.status);
  assert.deepEqual(await again.writeStatus(wanted), { ok: true, changed: false });
  await here.write('a.yaml', '');
  for (let look = 0; look < 2; look++, here.clock += 10_000) await again.look();
  assert.deepEqual(await readdir(join(here.state, 'status/RelayDomain')), []);
});

test('a state directory that cannot be written is said once; edits take effect all the same', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const provider = await here.open();
  await rm(join(here.state, 'objects'), { recursive: true });
  await writeFile(join(here.state, 'objects'), 'in the way');
  await here.write('a.yaml', domain('domain: example.com, suspended: true'));
  await provider.look();
  await provider.look();
  assert.equal(provider.read().domains[0]?.spec.suspended, true);
  assert.equal(here.said.length, 1);
  assert.match(here.said[0] ?? '', /^cannot write .*objects/);
  assert.deepEqual(provider.problems(), here.said);
  await rm(join(here.state, 'objects'));
  await provider.look();
  assert.deepEqual(provider.problems(), []);
});

test('a damaged record makes the object a new one; it does not stop the operator', async () => {
  const here = await place();
  await here.write('a.yaml', domain('domain: example.com'));
  const before = (await here.open()).read().domains[0];
  await writeFile(join(here.state, 'objects/RelayDomain/default.a.json'), '{"kind"');
  const provider = await here.open();
  assert.notEqual(provider.read().domains[0]?.metadata.uid, before?.metadata.uid);
  assert.match(here.said[0] ?? '', /default\.a\.json is damaged/);
});

const fleet = (spec = '') =>
  `{apiVersion: relayfleet.io/v1alpha1, kind: RelayFleet, metadata: {name: f, namespace: n}, spec: {${spec}nats: {url: "nats://h:1", operatorCredentialsRef: {name: x}, nodeCredentialsRef: {name: y}}}}`;

/** A fleet with the finalizer and its keys, whose file is gone: being deleted. */
async function leavingFleet() {
  const here = await place();
  await here.write('a.yaml', fleet());
  const provider = await here.open();
  const { metadata } = provider.read().fleets[0] ?? assert.fail();
  const finalizer = { kind: 'RelayFleet' as const, ref: { namespace: 'n', name: 'f' }, uid: metadata.uid };
  const keys = { namespace: 'n', name: 'f-keys' };
  await provider.applySecret(wantedSecret({ ref: keys, owner: { kind: 'RelayFleet', name: 'f', uid: metadata.uid } }));
  assert.deepEqual(await provider.writeFinalizer({ ...finalizer, release: undefined }), { ok: true, changed: true });
  await here.write('a.yaml', '');
  for (let look = 0; look < 2; look++, here.clock += 10_000) await provider.look();
  const leaves = (from: FileProvider) => {
    const { fleets, secrets } = from.read();
    const { deletionTimestamp, finalizers, uid } = fleets[0]?.metadata ?? {};
    return { fleets: fleets.length, uid, deletionTimestamp, finalizers, keys: secrets.has('n/f-keys') };
  };
  return { here, provider, finalizer, leaves };
}

test('a fleet with a finalizer stays, deleted, with its Secrets, until it is let go; also across a restart', async () => {
  const { here, provider, finalizer, leaves } = await leavingFleet();
  const said = leaves(provider);
  assert.deepEqual(said, {
    fleets: 1,
    uid: finalizer.uid,
    deletionTimestamp: '1970-01-01T00:16:50Z',
    finalizers: ['relayfleet.io/withdraw'],
    keys: true,
  });
  const again = await here.open();
  for (let look = 0; look < 3; look++, here.clock += 10_000) await again.look();
  assert.deepEqual(leaves(again), said);
  const changes = here.changes;
  assert.deepEqual(await again.writeFinalizer({ ...finalizer, release: { how: 'Withdrawn' } }), {
    ok: true,
    changed: true,
  });
  assert.deepEqual([leaves(again).fleets, leaves(again).keys], [0, false], 'gone at once, and its Secrets with it');
  assert.ok(here.changes > changes);
  assert.equal((await here.open()).read().fleets.length, 0);
});

test('a fleet that comes back while it is being deleted is a new one, once the old one is let go', async () => {
  const { here, provider, finalizer, leaves } = await leavingFleet();
  await here.write('a.yaml', fleet('suspended: maybe, '));
  await provider.look();
  assert.deepEqual(here.refusals, [], 'its turn has not come');
  await here.write('a.yaml', fleet('suspended: true, '));
  await provider.look();
  assert.deepEqual([leaves(provider).uid, provider.read().fleets[0]?.spec.suspended], [finalizer.uid, false]);
  await provider.writeFinalizer({ ...finalizer, release: { how: 'Withdrawn' } });
  const { uid, deletionTimestamp, finalizers } = leaves(provider);
  assert.notEqual(uid, finalizer.uid);
  assert.deepEqual([deletionTimestamp, finalizers], [undefined, undefined]);
  assert.equal(provider.read().fleets[0]?.spec.suspended, true);
  const late = await provider.writeFinalizer({ ...finalizer, release: { how: 'Withdrawn' } });
  assert.deepEqual(late, { ok: true, changed: false }, 'a word about the old one does nothing to the new one');
});

test('a domain with a finalizer stays with its key, and its file may come back to say what becomes of its mail', async () => {
  const here = await place();
  const file = (metadata = '', spec = '') =>
    `{apiVersion: relayfleet.io/v1alpha1, kind: RelayDomain, metadata: {name: d, namespace: n${metadata}}, spec: {domain: a.test${spec}}}`;
  await here.write('a.yaml', file());
  const provider = await here.open();
  const read = () => provider.read().domains[0];
  const { uid } = read()?.metadata ?? assert.fail();
  const finalizer = { kind: 'RelayDomain' as const, ref: { namespace: 'n', name: 'd' }, uid };
  const key = { namespace: 'n', name: 'd-dkim' };
  await provider.applySecret(wantedSecret({ ref: key, owner: { kind: 'RelayDomain', name: 'd', uid } }));
  await provider.writeFinalizer({ ...finalizer, release: undefined });
  assert.deepEqual(read()?.metadata.finalizers, ['relayfleet.io/drain']);
  await here.write('a.yaml', '');
  for (let look = 0; look < 2; look++, here.clock += 10_000) await provider.look();
  assert.ok(read()?.metadata.deletionTimestamp !== undefined && provider.read().secrets.has('n/d-dkim'));

  await here.write('a.yaml', file(', annotations: {relayfleet.io/on-delete: drop, other: x}', ', suspended: true'));
  await provider.look();
  assert.deepEqual(read()?.metadata.annotations, { 'relayfleet.io/on-delete': 'drop' });
  assert.deepEqual([read()?.metadata.uid, read()?.spec.suspended], [uid, false], 'nothing else of it counts');
  await here.write('a.yaml', '');
  await provider.look();
  assert.deepEqual(read()?.metadata.annotations, { 'relayfleet.io/on-delete': 'drop' }, 'a word said is said');
  await provider.writeFinalizer({ ...finalizer, release: { how: 'Dropped' } });
  assert.deepEqual([read(), provider.read().secrets.has('n/d-dkim')], [undefined, false]);
});

test('a fleet’s own certificate is mounted like one the operator makes', async () => {
  const here = await place();
  await here.write('a.yaml', `${fleet('tls: {certificateRef: {name: s}}, ')}\n---\n${secret('crt')}`);
  await here.open();
  assert.equal(await readFile(join(here.state, 'mounts/n/s/password'), 'utf8'), 'crt');
});

test('a certificate is mounted as long as a fleet names it, its Secret missing or not', async () => {
  const here = await place();
  const named = fleet('tls: {certificateRef: {name: s}}, ');
  await here.write('a.yaml', named);
  await here.write('s.yaml', secret('crt'));
  await here.open();
  await here.write('s.yaml', '');
  const provider = await here.open();
  for (let look = 0; look < 2; look++, here.clock += 10_000) await provider.look();
  assert.equal(provider.read().secrets.has('n/s'), false);
  assert.equal(await readFile(join(here.state, 'mounts/n/s/password'), 'utf8'), 'crt', 'the last good one');
  await provider.applySecret(wantedSecret({ ref: { namespace: 'n', name: 'f-listener-tls' }, owner: owner('f') }));
  await here.write('a.yaml', fleet());
  await provider.look();
  assert.deepEqual(await readdir(join(here.state, 'mounts/n')), ['f-listener-tls'], 'what is ours stays');
});

test('keys that only the operator reads are not mounted, nor is an earlier copy left', async () => {
  const here = await place();
  await here.write('a.yaml', `${fleet()}\n---\n${domain('domain: example.com')}`);
  const provider = await here.open();
  await provider.applySecret(wantedSecret({ ref: { namespace: 'n', name: 'f-keys' }, owner: owner('f') }));
  await provider.applySecret(wantedSecret());
  const mounts = ['n/f-keys', 'default/a-dkim'].map((name) => join(here.state, 'mounts', name));
  for (const mount of mounts) {
    await assert.rejects(stat(mount), /ENOENT/);
    await mkdir(mount, { recursive: true });
    await writeFile(join(mount, 'x.key'), 'from an earlier release');
  }
  await here.open();
  for (const mount of mounts) await assert.rejects(stat(mount), /ENOENT/);
});

function owner(name: string): WantedSecret['owner'] {
  return { kind: 'RelayFleet', name, uid: 'u' };
}
