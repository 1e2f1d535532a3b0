// `relayfleet send`: a test mail through a fleet, as one of its platforms. Finds address, user and password by itself, in a
// local fleet's ready file or in the platform's binding Secret.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseRefKey, type ObjectRef } from '@relayfleet/contract/object-ref.ts';
import { done, failed, misused, type Call, type Command, type Terminal } from '../command.ts';
import { namespaceFlag, sourceFlags } from '../source.ts';
import { submit, type Submission } from './submit.ts';

/** Where to submit and as whom. */
export type Target = Pick<Submission, 'host' | 'port' | 'tls' | 'user' | 'password' | 'ca'> & {
  /** An address the platform may use. */
  readonly from: string;
};

export type TargetRequest = {
  /** Undefined: the only one, or the first. */
  readonly platform: ObjectRef | undefined;
  readonly node: string | undefined;
  readonly tls: Submission['tls'];
};

/** Text instead of a target is what is missing. */
export type FindTarget = (call: Call, terminal: Terminal, request: TargetRequest) => Promise<Target | string>;

export function sendCommand(findTarget: FindTarget): Command {
  return {
    name: 'send',
    summary: 'Send a test mail through a fleet, as one of its platforms.',
    description:
      'Address, user, password and CA come from the local fleet, or from the binding Secret of the platform in a cluster.',
    flags: [
      { name: 'to', value: 'ADDRESS', description: 'Recipients, separated by commas. Needed.' },
      { name: 'from', value: 'ADDRESS', description: 'Sender.', otherwise: 'one the platform may use' },
      { name: 'subject', value: 'TEXT', description: 'Subject.', otherwise: 'Test' },
      { name: 'text', value: 'TEXT', description: 'Text of the mail.', otherwise: 'A test mail.' },
      { name: 'file', short: 'f', value: 'FILE', description: 'Send this message (.eml) byte for byte instead.' },
      {
        name: 'platform',
        value: 'NAMESPACE/NAME',
        description: 'SenderPlatform to send as.',
        otherwise: 'the first one',
      },
      { name: 'node', value: 'NAME', description: 'Relay node of a local fleet to send through.', otherwise: 'node-1' },
      { name: 'starttls', description: 'Use the STARTTLS port instead of TLS from the first byte.' },
      { name: 'host', value: 'HOST', description: 'Connect there instead, for instance to a port-forward.' },
      { name: 'port', value: 'PORT', description: 'Connect to that port instead.' },
      namespaceFlag,
      ...sourceFlags,
    ],
    examples: [
      { does: 'Through the local fleet', line: 'relayfleet send --to you@receiver.test' },
      {
        does: 'A message from a file, through the second node',
        line: 'relayfleet send --to you@receiver.test -f mail.eml --node node-2',
      },
      {
        does: 'Through a fleet in a cluster',
        line: 'relayfleet send --to you@example.net --platform shop/orders --context prod',
      },
    ],
    run: (call, terminal) => send(call, terminal, findTarget),
  };
}

async function send(call: Call, terminal: Terminal, findTarget: FindTarget) {
  const to = (call.text('to') ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  if (to.length === 0) return misused('send needs a recipient: --to you@example.com');
  if (call.args.length > 0) return misused(`send takes no arguments, got "${call.args.join(' ')}"`);
  const request = readRequest(call);
  if (typeof request === 'string') return misused(request);
  const target = await findTarget(call, terminal, request);
  if (typeof target === 'string') return failed(target);
  const at = { host: call.text('host') ?? target.host, port: Number(call.text('port') ?? target.port) };
  const from = call.text('from') ?? target.from;
  const result = await submit({ ...target, ...at, from, to, content: contentOf(call, terminal) });
  if (!result.ok) return failed(`${at.host}:${at.port} did not take the mail: ${result.problem}`);
  terminal.out(`${result.reply}  (${at.host}:${at.port}, ${result.ms} ms)\n`);
  if (result.id !== undefined) terminal.out(`relayfleet trace ${result.id}\n`);
  return done;
}

function readRequest(call: Call): TargetRequest | string {
  const text = call.text('platform');
  const namespace = call.text('namespace');
  const platform =
    text === undefined
      ? undefined
      : parseRefKey(text.includes('/') || namespace === undefined ? text : `${namespace}/${text}`);
  if (text !== undefined && platform === undefined) return `--platform takes NAMESPACE/NAME, not "${text}"`;
  return { platform, node: call.text('node'), tls: call.isSet('starttls') ? 'starttls' : 'implicit' };
}

function contentOf(call: Call, { cwd }: Terminal): Submission['content'] {
  const file = call.text('file');
  if (file !== undefined) return { kind: 'raw', message: readFileSync(resolve(cwd, file)) };
  return { kind: 'text', subject: call.text('subject') ?? 'Test', text: call.text('text') ?? 'A test mail.' };
}
