// Reads an argument list against the command table: which command, which flags, or what is wrong with the call.
// Pure; prints nothing. Grammar: node:util parseArgs (GNU long and short options, `--` ends them).
import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';
import type { Call, Command, Flag } from './command.ts';
import { nearest } from './nearest.ts';

export type Reading =
  | { readonly kind: 'call'; readonly command: Command; readonly call: Call }
  /** No command: all of them. A group such as `queue`: its own. */
  | { readonly kind: 'help'; readonly commands: readonly Command[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'misuse'; readonly problem: string; readonly command?: Command };

export const helpFlag: Flag = { name: 'help', short: 'h', description: 'Show this help.' };

export function parseCall(argv: readonly string[], commands: readonly Command[]): Reading {
  const [first = '', second = ''] = argv;
  if (first === '--version' || first === 'version') return { kind: 'version' };
  if (first === 'help') return parseCall([...argv.slice(1), '--help'], commands);
  if (argv.length === 0 || first.startsWith('-')) return outermost(argv, commands);
  const command =
    commands.find(({ name }) => name === first) ?? commands.find(({ name }) => name === `${first} ${second}`);
  if (command !== undefined) return read(command, argv.slice(command.name.split(' ').length));
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && (second === '' || second.startsWith('-'))) return { kind: 'help', commands: group };
  return { kind: 'misuse', problem: unknownCommand(group.length > 0 ? `${first} ${second}` : first, commands) };
}

function outermost(argv: readonly string[], commands: readonly Command[]): Reading {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { kind: 'help', commands };
  return { kind: 'misuse', problem: `no command before ${argv[0]}` };
}

function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = [...new Set(commands.flatMap((command) => [command.name, command.name.split(' ')[0] ?? '']))];
  const meant = nearest(name, names);
  return `unknown command "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
}

function read(command: Command, argv: readonly string[]): Reading {
  const flags = [...command.flags, helpFlag];
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help', commands: [command] };
  const misuse = (problem: string): Reading => ({ kind: 'misuse', problem, command });
  const spelled = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const unknown = spelled.find((word) => isLong(word) && !flags.some(({ name }) => name === longName(word)));
  if (unknown !== undefined) return misuse(command.lacks?.[longName(unknown)] ?? unknownFlag(longName(unknown), flags));
  try {
    const { args, switched } = takeSwitches(argv, flags);
    const parsed = parseArgs({ args, options: optionsOf(flags), allowPositionals: true });
    const values = { ...parsed.values, ...switched };
    for (const flag of flags) {
      const wrong = [values[flag.name] ?? []].flat().find((value) => !takes(flag, String(value)));
      if (wrong !== undefined) return misuse(`--${flag.name} takes ${valueWords(flag)}, not "${String(wrong)}"`);
    }
    return { kind: 'call', command, call: callOf(values, parsed.positionals, flags) };
  } catch (error) {
    return misuse(error instanceof Error ? error.message : String(error));
  }
}

/** Digits alone: `0x10`, `1e3` and `` are numbers to JavaScript, and nobody means them. */
function takes({ choices, whole }: Flag, value: string): boolean {
  if (choices !== undefined) return choices.includes(value);
  if (whole === undefined) return true;
  return /^\d{1,15}$/.test(value) && Number(value) >= whole.least && Number(value) <= (whole.most ?? Infinity);
}

function valueWords({ choices = [], whole }: Flag): string {
  if (whole === undefined) return choices.join(', ');
  return `a whole number, ${rangeWords(whole)}`;
}

/** `1 to 16`, `0 or more` */
export function rangeWords({ least, most }: NonNullable<Flag['whole']>): string {
  return most === undefined ? `${least} or more` : `${least} to ${most}`;
}

/** `--wait=false`, as kubectl has it and parseArgs does not. */
function takeSwitches(argv: readonly string[], flags: readonly Flag[]) {
  const switched: Record<string, boolean> = {};
  const end = argv.indexOf('--');
  const args = argv.filter((word, index) => {
    const [, name = '', value] = /^--([^=]+)=(true|false)$/.exec(word) ?? [];
    const isSwitch = flags.some((flag) => flag.name === name && flag.value === undefined);
    if (!isSwitch || (end >= 0 && index > end)) return true;
    switched[name] = value === 'true';
    return false;
  });
  return { args, switched };
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function callOf(values: Values, args: readonly string[], flags: readonly Flag[]): Call {
  const text = (flag: string) => (typeof values[flag] === 'string' ? values[flag] : undefined);
  return {
    text,
    whole: (flag) => (text(flag) === undefined ? undefined : Number(text(flag))),
    texts: (flag) => [values[flag] ?? []].flat().map(String),
    isSet: (flag) =>
      values[flag] === true ||
      (values[flag] === undefined && flags.some((one) => one.name === flag && one.on === true)),
    args,
  };
}

function optionsOf(flags: readonly Flag[]): Record<string, ParseArgsOptionDescriptor> {
  return Object.fromEntries(
    flags.map(({ name, short, value, many = false }): [string, ParseArgsOptionDescriptor] => [
      name,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple: many,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
}

function unknownFlag(name: string, flags: readonly Flag[]): string {
  const meant = nearest(
    name,
    flags.map((flag) => flag.name),
  );
  return `unknown flag --${name}${meant === undefined ? '' : `; did you mean --${meant}?`}`;
}

function isLong(word: string): boolean {
  return word.startsWith('--') && word.length > 2;
}

function longName(word: string): string {
  return word.slice(2).split('=')[0] ?? '';
}
