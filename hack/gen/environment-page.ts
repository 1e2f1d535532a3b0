// The environment variables of every program -> docs/reference/environment.md. Those of relay node and operator come from the tables
// their configuration is read by; the few of the command line stand here. A test holds the page against the sources.
import type { Variable } from '@relayfleet/contract/environment.ts';
import { variables as operatorVariables } from '@relayfleet/operator/config.ts';
import { variables as nodeVariables } from '@relayfleet/relay-node/config.ts';

type Variables = Readonly<Record<string, Variable>>;

/** Text of the page, not yet formatted. */
export function environmentPage(): string {
  return `<!-- Generated from relay-node/src/config.ts, operator/src/config.ts and hack/gen/environment-page.ts by \`npm run gen\`. -->

# Environment variables

An empty variable counts as one that is not set. A program reads all of them before it does anything else; if one cannot be
used it names each, with what it takes, and ends with code 2. Passwords and keys come from mounted Secrets, not from here.
\`npm start\` sets those of its parts by itself.

## Relay node

${table(nodeVariables)}

## Operator

Those marked "file provider" count with \`RELAYFLEET_PROVIDER=file\` only, and are required there where no default stands.

${table(operatorVariables)}

## Command line and repository

${table(commandLine)}
`;
}

const commandLine: Variables = {
  RELAYFLEET_NATS_USERNAME: {
    default: '',
    defaultIs: 'from the ready file',
    type: 'text',
    example: 'reader',
    meaning:
      'user of the reader role for looking, of the keeper role for orders; `relayfleet queue`, `trace` and `send --wait` take it with `--nats-url`',
  },
  RELAYFLEET_NATS_PASSWORD: {
    default: '',
    defaultIs: 'from the ready file',
    type: 'text',
    example: 'secret',
    meaning: 'that user’s password',
  },
  RELAYFLEET_DEBUG: {
    default: '',
    defaultIs: 'not set',
    type: 'anything',
    example: '1',
    meaning: 'an error of `relayfleet` is printed with its stack',
  },
  RELAYFLEET_TOOLS_DIR: {
    default: '',
    defaultIs: '`~/.cache/relayfleet/tools`',
    type: 'directory',
    example: '/opt/relayfleet-tools',
    meaning: 'where nats-server and the tools of the tests are kept; `XDG_CACHE_HOME` moves its default',
  },
};

function table(variables: Variables): string {
  const rows = Object.entries(variables).map(([name, variable]) =>
    [`\`${name}\``, variable.type, presetOf(variable), `\`${variable.example}\``, variable.meaning]
      .map(cell)
      .join(' | '),
  );
  return `| Name | Type | Default | Example | Meaning |\n| --- | --- | --- | --- | --- |\n${rows.map((row) => `| ${row} |`).join('\n')}`;
}

function presetOf({ default: preset, defaultIs }: Variable): string {
  if (defaultIs !== undefined) return defaultIs;
  return preset === undefined ? '**required**' : `\`${preset}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
