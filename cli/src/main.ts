#!/usr/bin/env node
// `relayfleet`: reads the call, runs the command, ends with its exit code. What commands there are is in commands.ts.
import { createInterface } from 'node:readline/promises';
import { commands, version } from './commands.ts';
import type { Outcome, Terminal } from './command.ts';
import { misused } from './command.ts';
import { helpText } from './help.ts';
import { parseCall } from './parse-call.ts';
import { stopSignals } from './stop-signals.ts';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  ask: process.stdin.isTTY && process.stderr.isTTY ? askThere : undefined,
  interruption: () => stopSignals(() => undefined).stop,
  env: process.env,
  cwd: process.cwd(),
};
process.stdout.on('error', () => process.exit(1)); // `| head` took what it wanted

process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  const outcome = await run(argv);
  if (outcome.code !== 0) terminal.err(`relayfleet: ${outcome.problem}\n`);
  return outcome.code;
}

async function run(argv: readonly string[]): Promise<Outcome> {
  const reading = parseCall(argv, commands);
  switch (reading.kind) {
    case 'help':
      terminal.out(helpText(reading.commands));
      return { code: 0 };
    case 'version':
      terminal.out(`relayfleet ${version()}\n`);
      return { code: 0 };
    case 'misuse': {
      const hint = reading.command === undefined ? 'relayfleet --help' : `relayfleet ${reading.command.name} --help`;
      return misused(`${reading.problem}\nSee "${hint}".`);
    }
    case 'call':
      return reading.command.run(reading.call, terminal).catch(failure);
  }
}

/** On the standard error, so that what is printed for programs stays clean. */
async function askThere(question: string): Promise<string> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await dialogue.question(question);
  } finally {
    dialogue.close();
  }
}

/** Lost I/O and bugs: the message, and what it came from. */
function failure(error: unknown): Outcome {
  if (!(error instanceof Error)) return { code: 1, problem: String(error) };
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  if (terminal.env['RELAYFLEET_DEBUG'] !== undefined) terminal.err(`${error.stack ?? ''}\n`);
  return { code: 1, problem: `${error.message}${cause}` };
}
