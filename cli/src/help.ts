// The text behind --help, made from the command table. Pure.
import type { Command, Flag } from './command.ts';
import { helpFlag, rangeWords } from './parse-call.ts';

const width = 100;

/** Help on everything, on a group of commands, or on one. */
export function helpText(commands: readonly Command[]): string {
  const [only] = commands;
  return commands.length === 1 && only !== undefined ? helpOn(only) : overview(commands);
}

export function usageLine({ name, args, flags }: Command): string {
  return ['relayfleet', name, ...(args === undefined ? [] : [args]), ...(flags.length > 0 ? ['[flags]'] : [])].join(
    ' ',
  );
}

/** `-o, --output FORMAT`, with room kept where there is no short form. */
export function flagLabel({ name, short, value }: Flag): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

export function flagNote({ description, choices, whole, otherwise, many, on }: Flag): string {
  const notes = [
    ...(choices === undefined ? [] : [`${many === true ? 'any' : 'one'} of ${choices.join(', ')}`]),
    ...(whole === undefined ? [] : [rangeWords(whole)]),
    ...(many === true ? ['may be given several times'] : []),
    ...(on === true ? ['default: true'] : []),
    ...(otherwise === undefined ? [] : [`default: ${otherwise}`]),
  ];
  return notes.length === 0 ? description : `${description.replace(/\.$/, '')} (${notes.join('; ')}).`;
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map((command): [string, string] => [
    [command.name, command.args].filter(Boolean).join(' '),
    command.summary,
  ]);
  return [
    'relayfleet runs fleets of outbound SMTP relays.',
    '',
    'Commands:',
    ...twoColumns(rows),
    '',
    '"relayfleet COMMAND --help" explains one, with examples. Exit codes: 0 done, 1 failed, 2 called wrongly.',
    '',
  ].join('\n');
}

function helpOn(command: Command): string {
  const examples = command.examples.flatMap(({ does, line }) => [`  # ${does}`, `  ${line}`, '']);
  return [
    ...wrap(command.summary, width),
    ...(command.description === undefined ? [] : ['', ...paragraphs(command.description)]),
    '',
    'Usage:',
    `  ${usageLine(command)}`,
    '',
    'Examples:',
    ...examples,
    'Flags:',
    ...twoColumns([...command.flags, helpFlag].map((flag) => [flagLabel(flag), flagNote(flag)])),
    '',
  ].join('\n');
}

function paragraphs(text: string): string[] {
  return text.split('\n').flatMap((paragraph) => (paragraph === '' ? [''] : wrap(paragraph, width)));
}

function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([label]) => label.length));
  return rows.flatMap(([label, text]) =>
    wrap(text, width - left - 4).map((line, index) =>
      `  ${(index === 0 ? label : '').padEnd(left)}  ${line}`.trimEnd(),
    ),
  );
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
