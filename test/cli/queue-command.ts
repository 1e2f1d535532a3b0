// `relayfleet queue` and `trace` on a queue that a test filled: no fleet runs, so nothing moves by itself. Commands run in the test's
// process, with a terminal of its own.
import type { Command } from '../../cli/src/command.ts';
import { commands } from '../../cli/src/commands.ts';
import { parseCall } from '../../cli/src/parse-call.ts';
import { encodeEntry, type Envelope } from '@relayfleet/contract/envelope.ts';
import type { NatsRole } from '@relayfleet/contract/nats-roles.ts';
import { mailSubject } from '@relayfleet/contract/subjects.ts';
import { openMailQueue, type MailQueue } from '@relayfleet/jetstream/mail-queue.ts';
import type { NatsServer } from '../harness/nats.ts';
import { anEntry, anEnvelope } from '../harness/queue.ts';

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type Shell = {
  /** Runs to its end, as that role. */
  relayfleet(role: NatsRole, ...args: readonly string[]): Promise<Ended>;
  /** What whoever sits there answers from now on; undefined: nobody does. */
  answers: string | undefined;
  /** Questions asked so far. */
  readonly asked: readonly string[];
  /** Ctrl-C for the command that runs. */
  interrupt(): void;
};

/** `table`: the commands there are. */
export function openShell(server: NatsServer, table: readonly Command[] = commands): Shell {
  const asked: string[] = [];
  let interruption = new AbortController();
  const shell: Shell = {
    asked,
    answers: undefined,
    interrupt: () => interruption.abort(),
    relayfleet: async (role, ...args) => {
      const bare = parseCall(args, table);
      const asksNats = bare.kind === 'call' && bare.command.flags.some(({ name }) => name === 'nats-url');
      const reading = asksNats ? parseCall([...args, '--nats-url', server.url], table) : bare;
      if (reading.kind === 'misuse') return { code: 2, stdout: '', stderr: reading.problem };
      if (reading.kind !== 'call') throw new Error(`no call: ${args.join(' ')}`);
      const { username, password } = server.users[role];
      const printed = { stdout: '', stderr: '' };
      const { answers } = shell;
      interruption = new AbortController();
      const outcome = await reading.command
        .run(reading.call, {
          out: (text) => void (printed.stdout += text),
          err: (text) => void (printed.stderr += text),
          ask: answers === undefined ? undefined : async (question) => (asked.push(question), answers),
          interruption: () => interruption.signal,
          env: { RELAYFLEET_NATS_USERNAME: username, RELAYFLEET_NATS_PASSWORD: password },
          cwd: import.meta.dirname,
        })
        .catch((error: Error) => ({ code: 1 as const, problem: error.message }));
      if (outcome.code !== 0) printed.stderr += outcome.problem;
      return { code: outcome.code, ...printed };
    },
  };
  return shell;
}

/** A node's hands: puts entries where a test wants them. */
export async function openFiller(server: NatsServer): Promise<Filler> {
  const queue = openMailQueue(await server.connect('node'), { timeoutMs: 2_000 });
  return {
    queue,
    ready: async (changes) => {
      const { envelope, body } = anEntry(changes);
      await queue.commit([{ envelope, body }], 5_000);
      return envelope;
    },
    deferred: async (changes) => {
      const id = changes?.id ?? anEnvelope().id;
      const body = await queue.putBody(id, Buffer.from('Subject: x\r\n\r\nHello\r\n'));
      if (!body.ok) throw new Error(body.detail);
      const due = Date.now() + 3_600_000;
      const envelope = anEnvelope({ attempt: 1, due, body: body.ref, ...changes, id });
      await queue.defer(envelope, due);
      return envelope;
    },
    dead: async (changes) => {
      const { envelope, body } = anEntry(changes);
      await queue.bury(envelope, encodeEntry(envelope, body), mailSubject(envelope), 'its workers end');
      return envelope;
    },
  };
}

type Fill = (changes?: Partial<Envelope>) => Promise<Envelope>;
export type Filler = { readonly queue: MailQueue; readonly ready: Fill; readonly deferred: Fill; readonly dead: Fill };
