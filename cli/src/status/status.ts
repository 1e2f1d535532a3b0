// `relayfleet status`: the three kinds as tables, and below them in words what stands against anything that is not ready.
// `-o json|yaml` prints the objects themselves. Reads; judges nothing the operator has not judged.
import { document, isForPrograms, type Format } from '../output.ts';
import { conditionOf, conditionWords, conditionsOf, label, type Resource } from '../resource.ts';
import { ageWords, table } from '../table.ts';

export function statusText(resources: readonly Resource[], output: Format, nowMs: number): string {
  const list = { apiVersion: 'v1', kind: 'List', items: resources };
  if (isForPrograms(output)) return document(list, output);
  if (resources.length === 0) return 'No resources found.\n';
  const wide = output === 'wide';
  const tables = kinds.flatMap(({ kind, columns }) => {
    const own = resources.filter((resource) => resource.kind === kind);
    const shown = columns.filter((column) => wide || column.wide !== true);
    const rows = own.map((resource) => shown.map(({ cell }) => cell(resource, nowMs)));
    return own.length === 0
      ? []
      : [
          `${kind}\n${table(
            shown.map(({ title }) => title),
            rows,
          )}`,
        ];
  });
  return [...tables, ...troubles(resources)].join('\n');
}

type Column = {
  readonly title: string;
  readonly wide?: boolean;
  readonly cell: (resource: Resource, nowMs: number) => string;
};

const identity: readonly Column[] = [
  { title: 'NAMESPACE', cell: ({ metadata }) => metadata.namespace },
  { title: 'NAME', cell: ({ metadata }) => metadata.name },
];
const standing: readonly Column[] = [
  { title: 'PROGRAMMED', cell: (resource) => conditionOf(resource, 'Programmed')?.status ?? 'Unknown' },
  { title: 'READY', cell: (resource) => conditionOf(resource, 'Ready')?.status ?? 'Unknown' },
  { title: 'STATUS', cell: (resource) => conditionOf(resource, 'Ready')?.reason ?? 'Pending' },
  { title: 'AGE', cell: ({ metadata }, now) => ageWords(now - Date.parse(metadata.creationTimestamp)) },
];

const kinds: readonly { readonly kind: Resource['kind']; readonly columns: readonly Column[] }[] = [
  {
    kind: 'RelayFleet',
    columns: [
      ...identity,
      of('RelayFleet', 'NODES', ({ status }) => String(status?.readyReplicas ?? 0)),
      of('RelayFleet', 'DOMAINS', ({ status }) => String(status?.attachedDomains ?? 0)),
      of('RelayFleet', 'PLATFORMS', ({ status }) => String(status?.attachedPlatforms ?? 0)),
      ...standing,
      wide(of('RelayFleet', 'HOST', ({ spec }) => spec.hostname ?? '')),
      wide(of('RelayFleet', 'GENERATION', ({ status }) => String(status?.config?.generation ?? 0))),
      wide(of('RelayFleet', 'ACKNOWLEDGED', ({ status }) => String(status?.config?.acknowledged ?? 0))),
    ],
  },
  {
    kind: 'RelayDomain',
    columns: [
      ...identity,
      of('RelayDomain', 'DOMAIN', ({ spec }) => spec.domain),
      of('RelayDomain', 'PLATFORMS', ({ status }) => String(status?.attachedPlatforms ?? 0)),
      ...standing,
      wide(
        of('RelayDomain', 'SELECTORS', ({ status }) =>
          (status?.dkim?.keys ?? []).map(({ selector }) => selector).join(','),
        ),
      ),
      wide(of('RelayDomain', 'TLS', ({ spec }) => spec.tls.mode)),
    ],
  },
  {
    kind: 'SenderPlatform',
    columns: [
      ...identity,
      of('SenderPlatform', 'USER', ({ status }) => status?.username ?? ''),
      of('SenderPlatform', 'DOMAINS', ({ status }) =>
        (status?.domains ?? []).map(({ domain, name }) => domain ?? name).join(','),
      ),
      ...standing,
      wide(of('SenderPlatform', 'SECRET', ({ status }) => status?.binding?.name ?? '')),
      wide(of('SenderPlatform', 'PURPOSE', ({ spec }) => spec.purpose)),
    ],
  },
];

function of<K extends Resource['kind']>(
  kind: K,
  title: string,
  cell: (resource: Extract<Resource, { kind: K }>) => string,
): Column {
  return {
    title,
    cell: (resource) => (resource.kind === kind ? cell(resource as Extract<Resource, { kind: K }>) : ''),
  };
}

function wide(column: Column): Column {
  return { ...column, wide: true };
}

/** Conditions that are not as they should be, with their remedies; Ready only where it says something of its own. */
function troubles(resources: readonly Resource[]): string[] {
  return resources.flatMap((resource) => {
    const bad = conditionsOf(resource).filter(({ type, status }) => type in expected && status !== 'True');
    const told = bad.filter(({ message }, index) => bad.findIndex((other) => other.message === message) === index);
    return told.length === 0 ? [] : [`${label(resource)}\n${told.map((one) => `  ${conditionWords(one)}\n`).join('')}`];
  });
}

const expected = { Accepted: true, ResolvedRefs: true, Programmed: true, Ready: true };

/** `rdom`, `relaydomains`, `RelayDomain` … -> the kind; undefined for anything else. */
export function kindNamed(word: string): Resource['kind'] | undefined {
  return names.find(({ words }) => words.includes(word.toLowerCase()))?.kind;
}

const names: readonly { readonly kind: Resource['kind']; readonly words: readonly string[] }[] = [
  { kind: 'RelayFleet', words: ['relayfleet', 'relayfleets', 'rfleet', 'fleet', 'fleets'] },
  { kind: 'RelayDomain', words: ['relaydomain', 'relaydomains', 'rdom', 'domain', 'domains'] },
  { kind: 'SenderPlatform', words: ['senderplatform', 'senderplatforms', 'splat', 'platform', 'platforms'] },
];
