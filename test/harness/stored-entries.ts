// Messages of the queue's streams as files, so that the bytes one build stored can be given to another. A file is the stream and the
// subject, then the headers as the server keeps them, an empty line, and the payload: text lines end with LF, the payload is raw.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type StoredMessage = {
  readonly stream: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
};

/** The messages of one set, by file name without its end. */
export type StoredSet = { readonly name: string; readonly messages: Readonly<Record<string, StoredMessage>> };

const folder = join(import.meta.dirname, '../../contract/src/testdata/stored-entries');
const ending = '.stored';

/** Every set, oldest first. */
export function readStoredSets(): readonly StoredSet[] {
  return readdirSync(folder)
    .filter((name) => /^[0-9]+-/.test(name))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => ({ name, messages: readSet(join(folder, name)) }));
}

/** Where a set of this name belongs. */
export function storedSetFolder(name: string): string {
  return join(folder, name);
}

export function encodeStored({ stream, subject, headers, payload }: StoredMessage): Buffer {
  const lines = [`${stream} ${subject}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), payload]);
}

function decodeStored(file: Buffer): StoredMessage {
  const end = file.indexOf('\n\n');
  const [first = '', ...fields] = file.subarray(0, end).toString().split('\n');
  const [stream = '', subject = ''] = first.split(' ');
  const headers = Object.fromEntries(fields.map((line) => line.split(/: (.*)/, 2) as [string, string]));
  return { stream, subject, headers, payload: file.subarray(end + 2) };
}

function readSet(directory: string): StoredSet['messages'] {
  const files = readdirSync(directory).filter((file) => file.endsWith(ending));
  return Object.fromEntries(
    files.map((file) => [file.slice(0, -ending.length), decodeStored(readFileSync(join(directory, file)))]),
  );
}
