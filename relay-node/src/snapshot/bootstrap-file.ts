// The mounted document a node is started with, read again whenever a manifest arrives: keys are replaced without a restart.
// A new version that cannot be used leaves the last good one in force.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapFile, parseBootstrap, type Bootstrap } from '@relayfleet/contract/bootstrap.ts';
import type { Parsed } from '@relayfleet/contract/parse.ts';

/** Reads and checks `bootstrap.json` in `directory`. The problem holds nothing of its content. */
export function readBootstrap(directory: string): Parsed<Bootstrap> {
  const path = join(directory, bootstrapFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { ok: false, problem: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}` };
  }
  const parsed = parseBootstrap(text);
  if (!parsed.ok) return { ok: false, problem: `${path}: ${parsed.problem}` };
  if (!parsed.value.operatorKeys.every(isPublicKey))
    return { ok: false, problem: `${path}: operatorKeys: not a public key in PEM` };
  if (!parsed.value.fleetKeys.every(({ key }) => Buffer.from(key, 'base64').length === 32))
    return { ok: false, problem: `${path}: fleetKeys: not 32 bytes` };
  return parsed;
}

/** A reader that falls back to the last document that could be used. */
export function bootstrapReader(directory: string, first: Bootstrap): () => Bootstrap {
  let last = first;
  return () => {
    const read = readBootstrap(directory);
    if (read.ok) last = read.value;
    return last;
  };
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}
