// Holds the tree to its own rules: file names and lengths, which folder may import what, and links that must lead somewhere.
// The rules are data at the top; CONTRIBUTING.md explains them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

const bannedNames = ['utils', 'helpers', 'common', 'misc', 'types', 'index', 'manager'];
const longestFile = 300;

/** Each dependency has one owner in the product; tests and hack may use any. */
const owners: Readonly<Record<string, readonly string[]>> = {
  zod: ['contract/'],
  '@nats-io/': ['jetstream/'],
  'prom-client': ['telemetry/'],
  '@kubernetes/client-node': ['operator/src/provider/kubernetes/'],
  undici: ['operator/src/provider/kubernetes/'],
  ajv: ['operator/src/provider/file/'],
  '@marcbachmann/cel-js': ['operator/src/provider/file/'],
  '@peculiar/': ['operator/src/mint/'],
  yaml: ['operator/src/provider/file/', 'cli/src/'],
  'smtp-server': ['relay-node/src/ingress/', 'cli/src/local/'],
  nodemailer: ['relay-node/src/delivery/', 'cli/src/send/'],
  'ipaddr.js': ['relay-node/src/routing/', 'operator/src/reconcile/'],
  mailauth: ['cli/src/local/'],
  'dns-packet': ['cli/src/local/'],
  'node:dns': ['relay-node/src/routing/', 'cli/src/local/'],
};

/** Programs that never import one another; what they share is in contract, jetstream and telemetry. */
const workspaces = ['contract', 'jetstream', 'telemetry', 'operator', 'relay-node', 'cli'];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  jetstream: ['contract'],
  telemetry: [],
  operator: ['contract', 'jetstream', 'telemetry'],
  'relay-node': ['contract', 'jetstream', 'telemetry'],
  cli: ['contract', 'jetstream'],
};

type Source = { readonly path: string; readonly text: string };

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const sources = files.filter((path) => path.endsWith('.ts')).map((path): Source => ({ path, text: read(path) }));
const product = sources.filter(
  ({ path }) => workspaces.includes(path.split('/')[0] ?? '') && !path.endsWith('.test.ts'),
);

const problems = [
  ...sources.flatMap(names),
  ...product.filter(({ path }) => !path.startsWith('contract/src/api/')).flatMap(lengthAndHeader),
  ...product.flatMap(dependencyOwners),
  ...product.flatMap(stageImports),
  ...files.filter((path) => path.endsWith('.md')).flatMap(links),
  ...mapPaths(),
];
for (const problem of problems) console.error(problem);
console.log(`layout: ${sources.length} source files, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

function names({ path }: Source): string[] {
  const name =
    path
      .split('/')
      .at(-1)
      ?.replace(/(\.test|\.d)?\.ts$/, '') ?? '';
  const found: string[] = [];
  if (bannedNames.includes(name)) found.push(`${path}: "${name}" says nothing; name the file after what it decides`);
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) found.push(`${path}: file names are kebab-case`);
  return found;
}

function lengthAndHeader({ path, text }: Source): string[] {
  const lines = text.split('\n');
  const found: string[] = [];
  if (lines.length > longestFile)
    found.push(`${path}: ${lines.length} lines, the limit is ${longestFile}; split it by noun`);
  if (!lines[0]?.startsWith('//') && !lines[0]?.startsWith('#!'))
    found.push(`${path}: open with 2-6 comment lines: what it decides, what it refuses to know`);
  return found;
}

function dependencyOwners({ path, text }: Source): string[] {
  return imports(text).flatMap((specifier) => {
    if (specifier.startsWith('.') || specifier.startsWith('@relayfleet/')) return [];
    const owned = Object.keys(owners).find(
      (name) => specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`),
    );
    if (owned === undefined)
      return specifier.startsWith('node:')
        ? []
        : [`${path}: imports ${specifier}, which has no owner in hack/check-layout.ts`];
    return owners[owned]?.some((folder) => path.startsWith(folder))
      ? []
      : [`${path}: only ${owners[owned]?.join(', ')} may import ${specifier}`];
  });
}

/** A stage (a folder directly below src) imports contract, the shared workspaces and itself; of another stage only types. */
function stageImports({ path, text }: Source): string[] {
  const [workspace = '', , stage, ...below] = path.split('/');
  const found: string[] = [];
  for (const line of text.match(/^(import|export)[^;]*? from '[^']+'/gm) ?? []) {
    const specifier = /from '([^']+)'/.exec(line)?.[1] ?? '';
    const shared = /^@relayfleet\/([^/]+)\//.exec(specifier)?.[1];
    if (shared !== undefined && !mayImport[workspace]?.includes(shared))
      found.push(`${path}: ${workspace} may not import ${shared}`);
    if (!specifier.startsWith('.') || below.length === 0 || line.startsWith('import type')) continue;
    const target = relative(join(root, workspace, 'src'), join(root, dirname(path), specifier)).split('/');
    if (target[0] === '..') found.push(`${path}: imports ${specifier} across workspaces by path`);
    else if (target.length > 1 && target[0] !== stage)
      found.push(`${path}: stage ${stage} imports stage ${target[0]}; pass it in, or import its types only`);
  }
  return found;
}

function links(path: string): string[] {
  return [...read(path).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    return existsSync(join(root, dirname(path), decodeURI(target))) ? [] : [`${path}: link to ${target} leads nowhere`];
  });
}

/** docs/map.md answers with paths in backquotes; each must exist. */
function mapPaths(): string[] {
  if (!existsSync(join(root, 'docs/map.md'))) return ['docs/map.md: missing'];
  return [...read('docs/map.md').matchAll(/`([\w.-]+\/[\w./-]+)`/g)].flatMap(([, path = '']) =>
    existsSync(join(root, path)) ? [] : [`docs/map.md: ${path} does not exist`],
  );
}

function imports(text: string): string[] {
  return [
    ...text.matchAll(/(?:^|\n)(?:import|export)[^;]*? from '([^']+)'|(?:^|\n)import '([^']+)'|import\('([^']+)'\)/g),
  ].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
