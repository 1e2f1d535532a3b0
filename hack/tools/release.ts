// Takes a program from its publisher's release: checksum file first, then the file, kept only if its SHA-256 is the one
// the publisher lists. The last resort, for machines without Go. No hash is written in this repository: a hash that
// nobody here computed would prove nothing. The real addresses were never tried (catalogue.ts), only this code.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Release } from './catalogue.ts';

export type Fetch = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;
export type ReleaseResult =
  { readonly kind: 'fetched'; readonly path: string } | { readonly kind: 'failed'; readonly problem: string };

const limitMs = 15 * 60_000;

/** Puts the program of `release` into the existing folder `into` as `name`. */
export async function fetchRelease(
  name: string,
  release: Release,
  into: string,
  surroundings: { readonly fetch: Fetch; readonly signal?: AbortSignal | undefined },
): Promise<ReleaseResult> {
  const stop = AbortSignal.any([AbortSignal.timeout(limitMs), ...(surroundings.signal ? [surroundings.signal] : [])]);
  const get = (url: string): Promise<Response> => request(surroundings.fetch, url, stop);
  try {
    const listed = checksumFor(await (await get(release.checksums)).text(), basename(release.url));
    if (listed === undefined) return failed(`${release.checksums} does not list ${basename(release.url)}`);
    const file = join(into, basename(release.url));
    const actual = await save(await get(release.url), file);
    if (actual !== listed)
      return failed(`${release.url} has SHA-256 ${actual}, its publisher lists ${listed}: refused`);
    return { kind: 'fetched', path: await unpack(file, release.member, join(into, name)) };
  } catch (error) {
    surroundings.signal?.throwIfAborted();
    return failed(describeError(error));
  }
}

/** The SHA-256 of `file` in a list of `<hex>  <file>` lines, or in a file that holds one bare hash; lower case. */
export function checksumFor(list: string, file: string): string | undefined {
  const bare = /^\s*([0-9a-f]{64})\s*$/i.exec(list)?.[1];
  if (bare !== undefined) return bare.toLowerCase();
  for (const line of list.split('\n')) {
    const [hash = '', name = ''] = line.trim().split(/\s+/);
    if (/^[0-9a-f]{64}$/i.test(hash) && name.replace(/^\*/, '') === file) return hash.toLowerCase();
  }
  return undefined;
}

async function request(fetch: Fetch, url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw new Error(`${url}: ${describeError(error)}`, { cause: error });
  }
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return response;
}

/** Streams the body to `file` and returns its SHA-256. */
async function save(response: Response, file: string): Promise<string> {
  if (response.body === null) throw new Error(`${response.url}: empty answer`);
  const hash = createHash('sha256');
  const listen = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(response.body, listen, createWriteStream(file));
  return hash.digest('hex');
}

async function unpack(file: string, member: string | undefined, target: string): Promise<string> {
  const folder = join(file, '..');
  if (member !== undefined) await promisify(execFile)('tar', ['-xf', file, '-C', folder, member]);
  await rename(member === undefined ? file : join(folder, member), target);
  await chmod(target, 0o755);
  return target;
}

/** fetch() hides the reason (`ENOTFOUND github.com`) in the cause. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.message === 'fetch failed' ? error.cause.message : error.message;
}

function failed(problem: string): ReleaseResult {
  return { kind: 'failed', problem };
}
