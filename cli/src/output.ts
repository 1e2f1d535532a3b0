// What `-o` means: objects as JSON or YAML for programs, as a table or a wider one for people. Pure; whoever prints a table makes it.
import { stringify } from 'yaml';
import type { Call, Flag } from './command.ts';

export const formats = ['table', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof formats)[number];

export const outputFlag: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: formats,
  description: 'For people, with more columns where there are more (wide), or everything for a program.',
  otherwise: 'table',
};

/** The parser let only formats pass. */
export function formatOf(call: Call): Format {
  return (call.text('output') ?? 'table') as Format;
}

export function isForPrograms(format: Format): format is 'json' | 'yaml' {
  return format === 'json' || format === 'yaml';
}

/** `value` in full, ended by a line break. */
export function document(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { aliasDuplicateObjects: false });
}
