// The statuses the operator writes beside its state, as a person would read them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Condition } from '@relayfleet/contract/conditions.ts';

export type Status = { readonly conditions?: readonly Condition[]; readonly [field: string]: unknown };

/** Empty while there is none yet. */
export function statusOf(
  { state }: { readonly state: string },
  kind: 'RelayFleet' | 'RelayDomain' | 'SenderPlatform',
  name: string,
): Status {
  const namespace = kind === 'RelayFleet' ? 'relayfleet-system' : 'shop';
  try {
    const text = readFileSync(join(state, 'status', kind, `${namespace}.${name}.yaml`), 'utf8');
    return (parse(text) as { readonly status?: Status }).status ?? {};
  } catch {
    return {};
  }
}
