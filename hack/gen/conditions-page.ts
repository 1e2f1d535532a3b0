// The contract's conditions and reasons -> docs/reference/conditions.md.
import { conditionReasons, conditionTypes } from '@relayfleet/contract/conditions.ts';

/** Text of the page, not yet formatted. */
export function conditionsPage(): string {
  return `<!-- Generated from contract/src/conditions.ts by \`npm run gen\`; edit that file instead. -->

# Conditions

Every status carries conditions in the way of the Gateway API and kstatus. \`kubectl wait --for=condition=Ready\` works on all
three kinds. A condition's \`observedGeneration\` says which edit of the spec it is about; its \`message\` says what to do.

\`Programmed\` is a promise no replica count can make: every relay node that is ready has acknowledged, over NATS, the
configuration that holds this very generation of the object. With no node ready it is \`False\`.

## Types

${table('Type', 'Meaning when True', conditionTypes)}

## Reasons

${table('Reason', 'Meaning', conditionReasons)}
`;
}

function table(first: string, second: string, entries: Readonly<Record<string, string>>): string {
  const rows = Object.entries(entries).map(([name, meaning]) => `| \`${name}\` | ${meaning.replaceAll('|', '\\|')} |`);
  return `| ${first} | ${second} |\n| --- | --- |\n${rows.join('\n')}`;
}
