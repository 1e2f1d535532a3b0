// Which mail a call of `relayfleet queue` is about: the flags that say it, and what is wrong with them. Pure.
// One set of words for looking and for orders, so that what "ls" showed is what "drop" takes.
import { lanes, type Lane } from '@relayfleet/contract/envelope.ts';
import { isMailId } from '@relayfleet/contract/mail-id.ts';
import { parseRefKey, refKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import type { OrderFilter } from '@relayfleet/contract/order.ts';
import { mailStates, type MailSelection, type MailState } from '@relayfleet/jetstream/list-mail.ts';
import type { Call, Flag } from '../command.ts';
import { parseDuration } from '../durations.ts';
import { timeWords } from '../table.ts';

export const selectionFlags: readonly Flag[] = [
  { name: 'platform', value: '[NAMESPACE/]NAME', description: 'Only mail of this platform.' },
  { name: 'namespace', short: 'n', value: 'NAME', description: 'Namespace of that platform.' },
  { name: 'domain', value: 'DOMAIN', description: 'Only mail from this domain, the one of the From header.' },
  { name: 'destination', value: 'DOMAIN', description: 'Only mail to this destination, a domain or a route.' },
  { name: 'to', value: 'DOMAIN', description: 'The same as --destination.' },
  { name: 'lane', value: 'LANE', choices: lanes, description: 'Only mail of this lane.' },
  { name: 'id', value: 'ID', description: 'Only this mail, "queued as ID".' },
  { name: 'older-than', value: 'AGE', description: 'Only mail accepted longer ago than that: 30m, 2h, 3d.' },
];

export const statesFlag: Flag = {
  name: 'state',
  value: 'STATE',
  choices: mailStates,
  many: true,
  description: 'Only entries in this state.',
};

export type Selection = {
  readonly filter: Omit<MailSelection, 'states'>;
  /** Undefined: all. */
  readonly states: readonly MailState[] | undefined;
};

/** A text is what is wrong with the call. */
export function readSelection(call: Call, now: number): Selection | string {
  const platform = readPlatform(call);
  if (typeof platform === 'string') return platform;
  const [destination, to] = [call.text('destination'), call.text('to')];
  if (destination !== undefined && to !== undefined && destination !== to)
    return '--to and --destination say the same; give one of them';
  const id = call.text('id');
  if (id !== undefined && !isMailId(id)) return `"${id}" is no mail id; it has 26 letters and digits`;
  const age = call.text('older-than');
  const olderThan = age === undefined ? undefined : parseDuration(age);
  if (age !== undefined && olderThan === undefined)
    return `--older-than takes an age such as 30m, 2h or 3d, not "${age}"`;
  const states = call.texts('state') as readonly MailState[];
  return {
    filter: present({
      platform,
      domain: call.text('domain')?.toLowerCase(),
      destination: (destination ?? to)?.toLowerCase(),
      lane: call.text('lane') as Lane | undefined,
      id,
      acceptedBefore: olderThan === undefined ? undefined : now - olderThan,
    }),
    states: states.length === 0 ? undefined : [...new Set(states)],
  };
}

/** What an order can be about; a text is what keeps the selection from being one. */
export function toOrderFilter({ filter }: Selection): OrderFilter | string {
  const { platform, ...others } = filter;
  if (platform === undefined) return others;
  const { namespace, name } = platform;
  if (name === undefined) return `an order is about one platform, not about a namespace: add --platform NAME`;
  if (namespace === undefined)
    return `an order needs the platform's namespace: --platform NAMESPACE/${name}, or -n NAMESPACE`;
  return { ...others, platform: { namespace, name } };
}

export function isEverything({ filter }: Pick<Selection, 'filter'>): boolean {
  return Object.keys(filter).length === 0;
}

/** `platform shop/orders, to example.com, accepted before 2026-11-02T10:00:00Z`; `all mail`. */
export function filterWords({ platform, domain, destination, lane, id, acceptedBefore }: OrderFilter): string {
  const words = [
    ...(id === undefined ? [] : [`mail ${id}`]),
    ...(platform === undefined ? [] : [`platform ${refKey(platform)}`]),
    ...(domain === undefined ? [] : [`from ${domain}`]),
    ...(destination === undefined ? [] : [`to ${destination}`]),
    ...(lane === undefined ? [] : [`lane ${lane}`]),
    ...(acceptedBefore === undefined ? [] : [`accepted before ${timeWords(acceptedBefore)}`]),
  ];
  return words.length === 0 ? 'all mail' : words.join(', ');
}

function readPlatform(call: Call): Partial<ObjectRef> | undefined | string {
  const text = call.text('platform');
  const namespace = call.text('namespace');
  if (text === undefined) return namespace === undefined ? undefined : { namespace };
  if (!text.includes('/')) return namespace === undefined ? { name: text } : { namespace, name: text };
  const platform = parseRefKey(text);
  if (platform === undefined) return `--platform takes [NAMESPACE/]NAME, not "${text}"`;
  if (namespace !== undefined && namespace !== platform.namespace)
    return `--platform ${text} and --namespace ${namespace} contradict each other`;
  return platform;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that hold nothing. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** Nobody means all mail by forgetting a filter. */
export function scopeProblem(selection: Pick<Selection, 'filter'>, all: boolean): string | undefined {
  if (isEverything(selection))
    return all ? undefined : 'this would be about all mail of the fleet: name what it is about, or say --all';
  return all ? '--all and a filter contradict each other; give one of them' : undefined;
}
