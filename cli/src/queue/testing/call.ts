// A call of a command as tests make it: its arguments, read by the command's own flags.
import type { Call, Command } from '../../command.ts';
import { parseCall } from '../../parse-call.ts';

export function callOf(command: Command, ...argv: readonly string[]): Call {
  const reading = parseCall([...command.name.split(' '), ...argv], [command]);
  if (reading.kind !== 'call') throw new Error(`no call: ${JSON.stringify(reading)}`);
  return reading.call;
}
