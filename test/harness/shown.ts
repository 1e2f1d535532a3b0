// Everything a running fleet shows to people and programs that may not read mail, and the secrets it holds: one must never
// contain the other. Reads files, pages and streams; what may not be in them is the test's word.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { streams } from '@relayfleet/contract/subjects.ts';
import { connectNats } from '@relayfleet/jetstream/connect.ts';
import type { Fleet } from './fleet.ts';

/** Place -> all its text. */
export type Seen = Readonly<Record<string, string>>;

/** Logs, statuses, pages of the telemetry servers, the whole event stream, and the names under which mail lies in the queue. */
export async function shownBy(fleet: Fleet): Promise<Seen> {
  return { ...logsOf(fleet), ...statusesOf(fleet), ...(await pagesOf(fleet)), ...(await subjectsAndEvents(fleet)) };
}

export function logsOf({ directory }: Fleet): Seen {
  return filesBelow(join(directory, 'state', 'logs'));
}

/** Every value of every Secret that is one: passwords and private keys, a line of each. */
export function secretsOf({ directory }: Fleet): Readonly<Record<string, string>> {
  const mounts = filesBelow(join(directory, 'state', 'operator', 'mounts'));
  const users = JSON.parse(readFileSync(join(directory, 'state', 'nats', 'users.json'), 'utf8')) as Record<
    string,
    { password: string }
  >;
  const found: Record<string, string> = {};
  for (const [role, { password }] of Object.entries(users)) found[`NATS password of ${role}`] = password;
  for (const [file, text] of Object.entries(mounts)) {
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n(\S+)/.exec(text)?.[1]?.slice(-24);
    if (key !== undefined) found[`private key ${file}`] = key;
    else if (/password|fleet\.key$/.test(file)) found[file] = text.trim();
  }
  return found;
}

function statusesOf({ directory }: Fleet): Seen {
  return filesBelow(join(directory, 'state', 'operator', 'status'));
}

function filesBelow(directory: string): Seen {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ name, parentPath }) => join(parentPath, name));
  return Object.fromEntries(paths.map((path) => [relative(directory, path), readFileSync(path, 'utf8')]));
}

async function pagesOf(fleet: Fleet): Promise<Seen> {
  const pages: Record<string, string> = {};
  for (const { name, telemetry } of fleet.ready().parts) {
    if (telemetry === undefined) continue;
    for (const page of ['metrics', 'readyz', 'healthz'])
      pages[`/${page} of ${name}`] = await (await fetch(`${telemetry}/${page}`)).text();
  }
  return pages;
}

async function subjectsAndEvents(fleet: Fleet): Promise<Seen> {
  const { url, reader } = fleet.ready().nats;
  const nats = await connectNats({ url, ...reader, role: 'reader', name: 'test' });
  try {
    const manager = await jetstreamManager(nats.nc, { checkAPI: false });
    const seen: Record<string, string> = {};
    for (const stream of Object.values(streams)) {
      const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
      seen[`subjects of ${stream}`] = Object.keys(state.subjects ?? {}).join('\n');
      if (stream !== streams.events) continue;
      for (let seq = state.first_seq; seq <= state.last_seq; seq++)
        seen[`event ${seq}`] = (await manager.direct.getMessage(stream, { seq }))?.string() ?? '';
    }
    return seen;
  } finally {
    await nats.close();
  }
}
