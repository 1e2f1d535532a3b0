// docs/reference/cli.md, made from the command table by `npm run gen`. Pure.
import type { Command, Flag } from './command.ts';
import { commands } from './commands.ts';
import { flagLabel, flagNote, usageLine } from './help.ts';

/** The whole page, as Markdown. */
export function cliReference(): string {
  const contents = commands.map(
    ({ name, summary }) => `| [\`${name}\`](#relayfleet-${name.replaceAll(' ', '-')}) | ${summary} |`,
  );
  return [
    '<!-- Generated from cli/src/commands.ts by `npm run gen`; edit the command table instead. -->',
    '',
    '# The command line',
    '',
    'In a clone, `relayfleet` is `npx relayfleet`, and `npm start` is `relayfleet local`. Exit codes: 0 done, 1 failed, 2 called wrongly. Every command explains itself with `--help`.',
    '',
    '| command | |',
    '|---|---|',
    ...contents,
    '',
    commands.map(section).join('\n'),
  ].join('\n');
}

function section(command: Command): string {
  const examples = command.examples.flatMap(({ does, line }, index) => [
    ...(index === 0 ? [] : ['']),
    `# ${does}`,
    line,
  ]);
  return [
    `## relayfleet ${command.name}`,
    '',
    command.summary,
    '',
    ...(command.description === undefined ? [] : [command.description, '']),
    '```sh',
    usageLine(command),
    '```',
    '',
    '```sh',
    ...examples,
    '```',
    '',
    ...flagTable(command.flags),
    '',
  ].join('\n');
}

function flagTable(flags: readonly Flag[]): string[] {
  const rows = flags.map((flag) => `| \`${flagLabel(flag).trim()}\` | ${flagNote(flag).replaceAll('|', '\\|')} |`);
  return ['| flag | |', '|---|---|', ...rows];
}
