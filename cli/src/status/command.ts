// `relayfleet status [KIND [NAME]]`: which objects are asked for, and where.
import { done, failed, misused, type Command } from '../command.ts';
import { formatOf, isForPrograms, outputFlag } from '../output.ts';
import { resourceKinds, type Resource } from '../resource.ts';
import { allNamespacesFlag, namespaceFlag, openSource, scopeOf, sourceFlags } from '../source.ts';
import { kindNamed, statusText } from './status.ts';

export const statusCommand: Command = {
  name: 'status',
  args: '[KIND [NAME]]',
  summary: 'Show fleets, domains and platforms, and what stands against those that are not ready.',
  description:
    'KIND is relayfleet, relaydomain or senderplatform, in any spelling kubectl takes (rfleet, rdom, splat).',
  flags: [namespaceFlag, allNamespacesFlag, outputFlag, ...sourceFlags],
  examples: [
    { does: 'Everything of the local fleet started here', line: 'relayfleet status' },
    {
      does: 'The domains of a cluster, with their DKIM selectors',
      line: 'relayfleet status rdom -A -o wide --context prod',
    },
    { does: 'One platform as JSON', line: 'relayfleet status splat orders -n shop -o json' },
  ],
  run: async (call, terminal) => {
    const [word, name, ...rest] = call.args;
    const kind = word === undefined ? undefined : kindNamed(word);
    if (word !== undefined && kind === undefined)
      return misused(`no kind is called "${word}"; they are relayfleet, relaydomain and senderplatform`);
    if (rest.length > 0) return misused(`status takes a kind and a name, got "${call.args.join(' ')}"`);
    const source = openSource(call, terminal);
    const kinds: readonly Resource['kind'][] = kind === undefined ? resourceKinds : [kind];
    const lists = await Promise.all(kinds.map((one) => source.resources(one, scopeOf(call))));
    const found = lists.flat().filter(({ metadata }) => name === undefined || metadata.name === name);
    if (found.length === 0 && name !== undefined) return failed(`${kind} "${name}" not found`);
    const output = formatOf(call);
    terminal.out(statusText(found, output, Date.now()));
    const stale = source.stale();
    if (stale !== undefined) terminal.err(`${stale}\n`);
    const refused = isForPrograms(output) ? [] : await source.refused();
    if (refused.length > 0) terminal.out(`\nRefused\n${refused.map((words) => `  ${words}\n`).join('')}`);
    return done;
  },
};
