// The command table, and the wiring of the stages behind it: which function serves which command. docs/reference/cli.md is
// made from it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { obtainTools } from '../../hack/tools/obtain.ts';
import { misused, type Command } from './command.ts';
import { dnsCommand } from './dns/command.ts';
import { readLocalOptions, usualNodes } from './local/options.ts';
import { runLocal } from './local/run-local.ts';
import { queueListCommand } from './queue/list.ts';
import { queueDropCommand, queueHoldCommand, queueRetryCommand } from './queue/order-commands.ts';
import { queueOrdersCommand, queueReleaseCommand } from './queue/release.ts';
import { queueShowCommand } from './queue/show.ts';
import { sendCommand } from './send/command.ts';
import { findTarget } from './send-target.ts';
import { submit } from './send/submit.ts';
import { statusCommand } from './status/command.ts';
import { stopSignals } from './stop-signals.ts';
import { traceCommand } from './trace/command.ts';

/** Root of the relayfleet sources. */
const home = join(import.meta.dirname, '../..');

export function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return text;
}

const localCommand: Command = {
  name: 'local',
  summary: 'Run a whole fleet on this machine: queue, operator, relay nodes, receiving server, DNS.',
  description: [
    'Starts nats-server, the operator on a directory of manifests, relay nodes, a receiving mail server and a small DNS server, sends one demonstration mail and prints its way. Needs no root, no container and no Kubernetes.',
    '',
    'Edits of the manifests take effect while it runs. A part that dies is started again. Ctrl-C stops everything; the queue survives.',
  ].join('\n'),
  flags: [
    { name: 'dir', value: 'DIR', description: 'Manifests to run.', otherwise: 'examples/local of the sources' },
    {
      name: 'nodes',
      value: 'N',
      whole: { least: 1, most: 16 },
      description: 'Relay nodes to start.',
      otherwise: String(usualNodes),
    },
    {
      name: 'state-dir',
      value: 'DIR',
      description: 'Where all state lies; two fleets need two.',
      otherwise: './.relayfleet',
    },
    { name: 'no-receiver', description: 'Start no receiving server; the manifests say where mail goes.' },
    {
      name: 'ready-file',
      value: 'FILE',
      description:
        'Write a JSON document for other programs once everything is in force (docs/reference/ready-file.md).',
    },
    { name: 'once', description: 'Stop when the demonstration mail has arrived; exit code 0 if it was verified.' },
  ],
  examples: [
    { does: 'Run the example fleet', line: 'relayfleet local' },
    { does: 'Check that everything works, then stop', line: 'relayfleet local --once' },
    {
      does: 'Your own manifests, beside another fleet',
      line: 'relayfleet local --dir ./manifests --state-dir ./second',
    },
    { does: 'Drive it from a script', line: 'relayfleet local --nodes 3 --ready-file /tmp/ready.json' },
  ],
  run: async (call, terminal) => {
    const options = readLocalOptions(call, terminal, home);
    if (typeof options === 'string') return misused(options);
    const { stop, force } = stopSignals((signal) => {
      const atKeyboard = signal === 'SIGINT' && terminal.ask !== undefined;
      if (atKeyboard) terminal.err('\nStopping; Ctrl-C again to force it.\n');
      else terminal.out('\nStopping.\n');
    });
    return runLocal(options, {
      terminal,
      home,
      version: version(),
      obtainNatsServer,
      submit,
      stop,
      force,
      now: Date.now,
    });
  },
};

export const commands: readonly Command[] = [
  localCommand,
  sendCommand(findTarget),
  statusCommand,
  dnsCommand,
  queueListCommand,
  queueShowCommand,
  queueHoldCommand,
  queueReleaseCommand,
  queueRetryCommand,
  queueDropCommand,
  queueOrdersCommand,
  traceCommand,
];

async function obtainNatsServer(progress: (line: string) => void, signal: AbortSignal): Promise<string> {
  const tools = await obtainTools(['nats-server'], { progress, signal });
  const path = tools.get('nats-server');
  if (path === undefined) throw new Error('nats-server was not found');
  return path;
}
